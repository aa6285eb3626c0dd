/**
 * The memory map, planned at compile time.
 *
 *     0        64                        weightEnd                                end
 *     │ unused │ packed weights, constants │ inputs, outputs, state │ arena │ tiles │
 *
 * Temporaries share the arena by liveness: two of them overlap only if no step needs both, or if one becomes the other in place. `tiles`
 * is the one place to which tiles of an input are copied (`tiling.ts`). Weights lie low and activations high, so that the largest overrun
 * leaves memory rather than corrupting weights.
 */
import { createHash } from 'node:crypto';
import { elementBytes } from '../ir/tensor.ts';
import { OVERREAD } from '../kernels.ts';
import type { Band } from './bands.ts';
import { type Plan, reads, type Step, writes } from './forms.ts';
import { inPlace, type Life } from './inplace.ts';
import type { Layout } from './layout.ts';
import { placesOf } from './places.ts';
import type { PlanId } from './view.ts';

const first = 64;
const align = (n: number) => Math.ceil(n / 16) * 16;

/** Constant bytes of the module, placed by `DataPool.add`; equal contents are stored once. */
export class DataPool {
  readonly segments: { readonly address: number; readonly bytes: Uint8Array; readonly name: string }[] = [];
  readonly #known = new Map<string, number>();
  #end = first;

  get end(): number {
    return this.#end;
  }

  /** The address of `data`, 16-byte aligned. */
  add(data: ArrayBufferView, name: string): number {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = createHash('sha256').update(bytes).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const address = align(this.#end);
    this.segments.push({ address, bytes, name });
    this.#known.set(key, address);
    this.#end = address + bytes.length;
    return address;
  }
}

export interface MemoryMap {
  /** Byte address of each value's buffer. */
  readonly addresses: ReadonlyMap<PlanId, number>;
  /** Where tiles are copied to. */
  readonly tiles: number;
  readonly weightBytes: number;
  /** Inputs, outputs, state, temporaries and tiles. */
  readonly arenaBytes: number;
  readonly end: number;
}

/** Places all values, and room for tiles of `tileBytes`. */
export function planMemory(
  plan: Plan,
  layouts: ReadonlyMap<PlanId, Layout>,
  pool: DataPool,
  viewed: ReadonlySet<PlanId>,
  tileBytes: number,
  bands: ReadonlyMap<Step, Band>,
): MemoryMap {
  const addresses = new Map<PlanId, number>();
  for (const v of plan.values.values()) {
    if (v.data && viewed.has(v.id)) addresses.set(v.id, pool.add(v.data, v.name));
  }
  const start = align(pool.end);
  const bytesOf = (id: PlanId) =>
    layouts.get(id)!.elements * elementBytes[plan.values.get(id)!.dtype] + OVERREAD;

  let low = start;
  const live = liveness(plan, bands);
  for (const v of plan.values.values()) {
    if (v.role === 'constant' || v.role === 'temp') continue;
    addresses.set(v.id, low);
    low = align(low + bytesOf(v.id));
  }

  // Results in place share that of their operand.
  const hosts = inPlace(plan, layouts, live, bands);
  const shared = new Map<PlanId, PlanId[]>();
  for (const [id] of live) {
    if (plan.values.get(id)!.role !== 'temp') continue;
    let host = id;
    while (hosts.has(host)) host = hosts.get(host)!;
    shared.set(host, [...(shared.get(host) ?? []), id]);
  }
  const places = placesOf(
    [...shared].map(([host, ids]) => ({
      size: align(bytesOf(host)),
      start: Math.min(...ids.map((id) => live.get(id)!.start)),
      end: Math.max(...ids.map((id) => live.get(id)!.end)),
    })),
  );
  [...shared.values()].forEach((ids, i) => {
    for (const id of ids) addresses.set(id, low + places.at[i]);
  });
  const tiles = low + places.end;
  const end = tiles + (tileBytes > 0 ? align(tileBytes + OVERREAD) : 0);
  return { addresses, tiles, weightBytes: pool.end - first, arenaBytes: end - start, end };
}

/** First and last step that touch each value; what a step of a band touches, all of them do. */
function liveness(plan: Plan, bands: ReadonlyMap<Step, Band>): ReadonlyMap<PlanId, Life> {
  const out = new Map<PlanId, Life>();
  plan.steps.forEach((step, i) => {
    const band = bands.get(step);
    const steps = band?.steps ?? [step];
    const first = i + 1 - steps.length;
    for (const s of steps) {
      for (const { value } of [...reads(s), ...writes(s)]) {
        out.set(value, { start: Math.min(first, out.get(value)?.start ?? first), end: i });
      }
    }
  });
  return out;
}
