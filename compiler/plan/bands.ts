/**
 * Bands: where a `linear` step makes what a depthwise step alone reads, and that is large, both run over a few image rows at a time. What
 * lies between is near when it is read, and never exists whole: its buffer holds the rows of a band.
 *
 *     plane of the buffer    │ kept from the last band │ new rows …            │
 *     windows of the band    └ first window ┘ …             └ last window ┘
 */
import type { LinearStep, Plan, Step, WindowStep } from './forms.ts';
import { reads, writes } from './forms.ts';
import { type Layout, planeStride } from './layout.ts';
import { type LinearGeometry, linearGeometry } from './linear.ts';
import type { Staged } from './stage.ts';
import type { PlanId } from './view.ts';
import { type Planes, planesOf } from './window.ts';

export interface Band {
  readonly first: LinearStep;
  readonly second: WindowStep;
  /** What lies between. */
  readonly value: PlanId;
  /** Output rows of `second` at a time, rows of the buffer from band to band, and rows that two bands share. */
  readonly rows: number;
  readonly step: number;
  readonly kept: number;
  /** Rows of what lies between, were it whole, and pixels of each; bytes from one to the next, and from plane to plane. */
  readonly height: number;
  readonly width: number;
  readonly pitch: number;
  readonly plane: number;
}

export interface BandSizes {
  /** Bytes from which on what lies between had better not exist whole. */
  readonly large: number;
  /** Bytes of it that are there at a time, about. */
  readonly near: number;
  /** Output rows below which what a band costs beside its rows is too much. */
  readonly leastRows: number;
}

const usual: BandSizes = { large: 512 * 1024, near: 256 * 1024, leastRows: 4 };

export interface Banded extends Staged {
  /** By their second steps. */
  readonly bands: ReadonlyMap<Step, Band>;
}

/** Every step by itself, as profiles need it. */
export const stepByStep = (staged: Staged): Banded => ({ ...staged, bands: new Map() });

/** The plan with buffers of bands where they pay. */
export function inBands({ plan, layouts }: Staged, sizes = usual): Banded {
  const bands = new Map<Step, Band>();
  const changed = new Map(layouts);
  plan.steps.forEach((second, i) => {
    const first = plan.steps[i - 1];
    if (second.form !== 'window' || first?.form !== 'linear' || first.y.value !== second.x.value) return;
    const band = bandOf(first, second, plan, layouts, sizes);
    if (!band) return;
    bands.set(second, band);
    changed.set(band.value, bandLayout(layouts.get(band.value)!, band));
  });
  return { plan, layouts: changed, bands };
}

function bandOf(
  first: LinearStep,
  second: WindowStep,
  plan: Plan,
  layouts: Staged['layouts'],
  { large, near, leastRows }: BandSizes,
): Band | undefined {
  const { value } = first.y;
  const layout = layouts.get(value)!;
  if (4 * layout.elements < large || !isBetween(value, plan) || !hasPlainPlanes(layout)) return undefined;
  // Of the first step's operands only x is computed, and it is needed until the last band: no result may take its place.
  if ((first.epilogue?.args ?? []).some((a) => !plan.values.get(a.value)!.data)) return undefined;
  const operands = (second.epilogue?.args ?? []).map((a) => a.value);
  if (operands.includes(value) || operands.includes(first.x.value)) return undefined;
  const made = linearGeometry(first, plan, layouts);
  const read = planesOf(second, plan, layouts, 'scalar');
  const [row, column] = layout.order.slice(-2);
  const [height, width] = [layout.shape[row], layout.shape[column]];
  if (!read || !readsPlanes(read, made) || !isOneRun(made, height, width, read.xPitch / 4)) return undefined;
  const { kh, strideY, padTop, padLeft, outH } = read.geometry;
  const begins = layout.shape.map((_, axis) => (axis === row ? -padTop : axis === column ? -padLeft : 0));
  if (String(second.x.origin) !== String(begins) || first.y.origin.some((o) => o !== 0)) return undefined;
  const kept = kh - strideY;
  const pitch = read.xPitch;
  const rows = Math.max(leastRows, Math.floor((near / (made.rows * pitch) - kept) / strideY));
  if (2 * rows > outH || kept < 0) return undefined;
  const plane = 4 * planeStride(((rows * strideY + kept) * pitch) / 4);
  return { first, second, value, rows, step: strideY, kept, height, width, pitch, plane };
}

/** True for a value that one step writes and one step reads. */
function isBetween(id: PlanId, { values, steps, state }: Plan): boolean {
  if (values.get(id)!.role !== 'temp' || state.some((s) => s.value === id)) return false;
  const count = (views: typeof reads) => steps.flatMap(views).filter((v) => v.value === id).length;
  return count(reads) === 1 && count(writes) === 1;
}

const hasPlainPlanes = (l: Layout) =>
  l.fill === undefined &&
  l.order.length > 2 &&
  l.phases.every((p) => p === 1) &&
  [...l.before, ...l.after].every((n) => n === 0) &&
  l.order.slice(0, -3).every((axis) => l.shape[axis] === 1);

/** True where a kernel does the first step, and runs over all rows at once, so that it can begin and end at any. */
const isOneRun = (made: LinearGeometry, height: number, width: number, pitch: number) =>
  made.contiguous &&
  new Set(made.offsets).size === made.offsets.length &&
  made.groups === 1 &&
  made.outer.length === 0 &&
  made.pixels === (height - 1) * pitch + width &&
  (made.pitch === pitch || pitch === width);

/** True for a kernel that pads by itself, so that it can begin and end at any row, over the planes that were made. */
const readsPlanes = ({ kernel, outer, channels }: Planes, made: LinearGeometry) =>
  kernel.args.includes('padTop') &&
  outer.length === 0 &&
  channels.size === made.rows &&
  channels.strides[0] === made.yRow;

function bandLayout(l: Layout, { plane, pitch }: Band): Layout {
  const [channel, row] = l.order.slice(-3);
  const strides = l.strides.map((s, axis) => (axis === channel ? plane / 4 : axis === row ? pitch / 4 : s));
  return { ...l, strides, elements: (l.shape[channel] * plane) / 4 };
}
