/**
 * Bands: neighbouring `linear` and depthwise steps, between which large values lie that nobody else reads, run over a few image rows at
 * a time, as many of each as the last one needs for its next rows. What lies between is near when it is read, and never exists whole:
 * its buffer holds the rows of a band.
 *
 *     plane of a buffer      │ kept from the last band │ new rows …            │
 *     windows of the band    └ first window ┘ …             └ last window ┘
 */
import type { LinearStep, Plan, Step, WindowStep } from './forms.ts';
import { reads, writes } from './forms.ts';
import { type Layout, planeStride } from './layout.ts';
import { type LinearGeometry, linearGeometry } from './linear.ts';
import type { Staged } from './stage.ts';
import type { PlanId } from './view.ts';
import { planesOf } from './window.ts';

export type BandStep = LinearStep | WindowStep;

/** Steps that may run in bands together. */
interface Chain {
  /** Each reads what the one before it makes. */
  readonly steps: readonly BandStep[];
  /** What lies between them, one less. */
  readonly between: readonly Between[];
  /** Rows of the last step's image. */
  readonly height: number;
}

export interface Band extends Chain {
  /** Rows of the last step's image that are made at a time. */
  readonly rows: number;
}

export interface Between {
  readonly value: PlanId;
  readonly channels: number;
  /** Rows of the image, and pixels of each. */
  readonly height: number;
  readonly width: number;
  /** Bytes from row to row, and from plane to plane of the buffer. */
  readonly pitch: number;
  readonly plane: number;
  readonly reader: Reader;
}

/** Row i of the reader's image sees `kh` rows from row i · `step` − `padTop` on. */
export interface Reader {
  readonly kh: number;
  readonly step: number;
  readonly padTop: number;
}

/** Rows that two bands share. */
export const keptRows = ({ kh, step }: Reader): number => kh - step;

export interface BandSizes {
  /** Bytes from which on what lies between had better not exist whole. */
  readonly large: number;
  /** Bytes of buffers, about, and what they may take where more than one is needed. */
  readonly near: number;
  readonly most: number;
  /** Rows below which what a band costs beside its rows is too much. */
  readonly leastRows: number;
}

const usual: BandSizes = { large: 512 * 1024, near: 384 * 1024, most: 1024 * 1024, leastRows: 4 };

export interface Banded extends Staged {
  /** By their last steps. */
  readonly bands: ReadonlyMap<Step, Band>;
}

/** Every step by itself, as profiles need it. */
export const stepByStep = (staged: Staged): Banded => ({ ...staged, bands: new Map() });

/** The plan with buffers of bands where they pay. */
export function inBands({ plan, layouts }: Staged, sizes = usual): Banded {
  const bands = new Map<Step, Band>();
  const changed = new Map(layouts);
  for (const chain of chains(plan, layouts, sizes)) {
    for (const band of cut(chain, sizes)) {
      bands.set(band.steps.at(-1)!, band);
      for (const b of band.between) changed.set(b.value, bandLayout(layouts.get(b.value)!, b));
    }
  }
  return { plan, layouts: changed, bands };
}

/** As long as they go; planes of what lies between are whole. */
function chains(plan: Plan, layouts: Staged['layouts'], { large }: BandSizes): Chain[] {
  const out: Chain[] = [];
  plan.steps.forEach((step, i) => {
    const before = plan.steps[i - 1];
    if (!isBandStep(step) || !before || !isBandStep(before)) return;
    const link = linkOf(before, step, plan, layouts, large);
    if (!link) return;
    const goesOn = out.at(-1)?.steps.at(-1) === before;
    const { steps, between } = goesOn ? out.pop()! : { steps: [before], between: [] };
    out.push({ steps: [...steps, step], between: [...between, link.between], height: link.height });
  });
  return out;
}

const isBandStep = (step: Step): step is BandStep => step.form === 'linear' || step.form === 'window';

/** What lies between two steps that may run in bands, and the height of what the second makes. */
function linkOf(
  first: BandStep,
  second: BandStep,
  plan: Plan,
  layouts: Staged['layouts'],
  large: number,
): { readonly between: Between; readonly height: number } | undefined {
  const { value } = first.y;
  if (first.form === second.form || second.x.value !== value) return undefined;
  const layout = layouts.get(value)!;
  if (4 * layout.elements < large || !isBetween(value, plan) || !hasPlainPlanes(layout)) return undefined;
  // Operands that are computed lie whole, where rows of a buffer are not.
  if ((first.epilogue?.args ?? []).some((a) => !plan.values.get(a.value)!.data)) return undefined;
  if (first.y.origin.some((o) => o !== 0)) return undefined;
  const [channel, row, column] = layout.order.slice(-3);
  const [channels, height, width] = [channel, row, column].map((axis) => layout.shape[axis]);
  const linear = first.form === 'linear' ? first : (second as LinearStep);
  const window = first.form === 'window' ? first : (second as WindowStep);
  const made = linearGeometry(linear, plan, layouts);
  const planes = planesOf(window, plan, layouts, 'scalar');
  if (!planes?.kernel.args.includes('padTop') || planes.outer.length > 0) return undefined;
  const { geometry } = planes;
  const plane = 4 * layout.strides[channel];
  const { size, strides } = planes.channels;
  if (size !== channels || strides[first.form === 'linear' ? 0 : 1] !== plane) return undefined;
  const between = { value, channels, height, width, plane };
  if (first.form === 'linear') {
    const { kh, strideY: step, padTop, padLeft, outH } = geometry;
    const begins = layout.shape.map((_, axis) => (axis === row ? -padTop : axis === column ? -padLeft : 0));
    const pitch = planes.xPitch;
    if (String(second.x.origin) !== String(begins) || kh < step) return undefined;
    if (!isOneRun(made, height, width, pitch / 4) || made.rows !== channels || made.yRow !== plane)
      return undefined;
    return { between: { ...between, pitch, reader: { kh, step, padTop } }, height: outH };
  }
  const pitch = planes.yPitch;
  if (second.x.origin.some((o) => o !== 0) || !isOneRun(made, height, width, pitch / 4)) return undefined;
  if (geometry.outH !== height || geometry.outW !== width) return undefined;
  if (made.offsets.length !== channels || made.offsets.some((o, k) => o !== k * plane)) return undefined;
  return { between: { ...between, pitch, reader: { kh: 1, step: 1, padTop: 0 } }, height };
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

/** True where a kernel does the step, and runs over all rows at once, so that it can begin and end at any. */
const isOneRun = (made: LinearGeometry, height: number, width: number, pitch: number) =>
  made.contiguous &&
  new Set(made.offsets).size === made.offsets.length &&
  made.groups === 1 &&
  made.outer.length === 0 &&
  made.pixels === (height - 1) * pitch + width &&
  (made.pitch === pitch || pitch === width);

/** The chain in pieces, so that as few bytes as possible lie whole between them. */
function cut({ steps, between, height }: Chain, sizes: BandSizes): Band[] {
  const best: { readonly bytes: number; readonly bands: readonly Band[] }[] = [];
  best[steps.length] = { bytes: 0, bands: [] };
  for (let i = steps.length - 1; i >= 0; i--) {
    for (let n = 1; i + n <= steps.length; n++) {
      const inside = between.slice(i, i + n - 1);
      const behind = between[i + n - 1];
      const piece = { steps: steps.slice(i, i + n), between: inside, height: behind?.height ?? height };
      const band = n > 1 && bandOf(piece, sizes);
      if (n > 1 && !band) continue;
      const rest = best[i + n];
      const bytes = rest.bytes + (behind ? behind.channels * behind.plane : 0);
      if (!best[i] || bytes < best[i].bytes)
        best[i] = { bytes, bands: [...(band ? [band] : []), ...rest.bands] };
    }
  }
  return [...best[0].bands];
}

/** `undefined` where there are too few rows, or buffers take too much. */
function bandOf(chain: Chain, { near, most, leastRows }: BandSizes): Band | undefined {
  const { steps, between, height } = chain;
  const [first, last] = [steps[0], steps.at(-1)!];
  const residual = (last.epilogue?.args ?? []).some((a) => a.value === first.x.value);
  if (residual && !readsAhead(chain)) return undefined;
  const bytes = (rows: number) =>
    bufferRows(chain, rows).reduce((sum, n, k) => sum + n * between[k].channels * between[k].pitch, 0);
  if (2 * leastRows > height || (between.length > 1 && bytes(leastRows) > most)) return undefined;
  let rows = leastRows;
  while (2 * (rows + 1) <= height && bytes(rows + 1) <= near) rows++;
  const held = bufferRows(chain, rows);
  const own = between.map((b, k) => ({ ...b, plane: 4 * planeStride((held[k] * b.pitch) / 4) }));
  return { ...chain, between: own, rows };
}

/**
 * True where the first step reads each row once, and before the last step makes the row of that number: a result may take its place.
 * Where it may not, a band would hold both.
 */
function readsAhead({ steps, between }: Chain): boolean {
  const { form, x, y } = steps[0];
  return (
    form === 'linear' &&
    x.origin.every((o) => o === 0) &&
    JSON.stringify(x.dims[3]) === JSON.stringify(y.dims[3]) &&
    x.dims[2].every((f) => x.dims[3].every((p) => p.axis !== f.axis)) &&
    between.every(({ reader: { kh, step, padTop } }) => step === 1 && padTop < kh)
  );
}

/** Rows that the buffers hold at most. */
function bufferRows({ between, height }: Chain, rows: number): number[] {
  const most = between.map(() => 0);
  const made = [...between.map(() => 0), 0];
  for (let row = 0; row < height; row += rows) {
    const begin = [...made];
    made[between.length] = Math.min(height, row + rows);
    for (let k = between.length - 1; k >= 0; k--) {
      const { kh, step, padTop } = between[k].reader;
      made[k] = Math.min((made[k + 1] - 1) * step + kh - padTop, between[k].height);
      most[k] = Math.max(most[k], made[k] - (begin[k + 1] * step - padTop));
    }
  }
  return most;
}

function bandLayout(l: Layout, { plane, pitch, channels }: Between): Layout {
  const [channel, row] = l.order.slice(-3);
  const strides = l.strides.map((s, axis) => (axis === channel ? plane / 4 : axis === row ? pitch / 4 : s));
  return { ...l, strides, elements: (channels * plane) / 4 };
}
