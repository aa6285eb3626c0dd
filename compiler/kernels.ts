/**
 * The kernels of `runtime/kernels/`, one row each. Dispatch, kernel tests and kernel benchmarks iterate this table.
 *
 * Names: `<dtype>_<op>_<format>_<rows>x<pixels>`, the register tile of the SIMD builds.
 */
import {
  byLines,
  columnsCost,
  costConstants,
  csrCost,
  fewCost,
  isNarrow,
  narrowCost,
  pairCost,
  panelCost,
  scalarWindow,
  strips,
  tiles4x4,
  vector,
} from './kernel-costs.ts';
import type { Matrix } from './sparse/format.ts';
import { type FormatName, formats } from './sparse/index.ts';

/** The targets of `asconfig.json`. */
export type Build = 'scalar' | 'simd' | 'relaxed';

/** y[r, p] = epilogue(bias[r] + Σ_k W[r, k] · x[offset(k) + p]) for `pixels` contiguous floats. */
export interface LinearCase {
  readonly rows: number;
  readonly cols: number;
  readonly pixels: number;
  /** Pixels of a line of the image, and from line to line: what lies between them is computed and never used. */
  readonly width: number;
  readonly pitch: number;
  /** Bytes between output rows. */
  readonly yRow: number;
  /** The columns are neighbours: their offsets ascend by 4 bytes. */
  readonly contiguous: boolean;
  /** Share of the inputs that is taken to be zero at run time; 0 where nothing is known, and with more than one pixel. */
  readonly zeros: number;
  /** Sums may grow in y: no operand of the epilogue can lie in its place, and there is room for one more. */
  readonly scratch: boolean;
  readonly build: Build;
}

export interface LinearKernel {
  readonly form: 'linear';
  readonly name: string;
  /** The file in `runtime/kernels/` that exports it. */
  readonly family: string;
  readonly format: FormatName;
  /** Arguments in order; those that `Format.arrays` names are addresses of packed arrays. */
  readonly args: readonly string[];
  /** It passes over the lines of an image by itself: all pixels are given to it as they lie. */
  readonly ownLines: boolean;
  /** Pixels of its tile, where rows walk over a `swath` of them, whole tiles, before the next rows do. */
  readonly walks?: number;
  accepts(c: LinearCase): boolean;
  /** Predicted nanoseconds where `blocks` blocks of the format are stored. */
  cost(c: LinearCase, blocks: number): number;
}

/** Bytes past the last float of an operand that kernels may read and never use: every buffer needs this much room behind it. */
export const OVERREAD = 64;

const always = () => true;
const onePixel = (c: LinearCase) => c.pixels === 1;
const outputVector = (c: LinearCase) => c.pixels === 1 && c.yRow === 4;

const narrowLines = (c: LinearCase) => c.build !== 'scalar' && isNarrow(c.width) && c.width < c.pixels;

function linear(
  name: string,
  family: string,
  format: FormatName,
  accepts: LinearKernel['accepts'],
  cost: LinearKernel['cost'],
  { ownLines = false, walks }: { readonly ownLines?: boolean; readonly walks?: number } = {},
): LinearKernel {
  const counts = [
    'rows',
    'cols',
    'pixels',
    ...(ownLines ? ['width', 'pitch'] : []),
    ...(walks ? ['swath'] : []),
  ];
  const args = ['x', 'y', 'bias', ...formats[format].arrays, ...counts, 'yRow', 'e0', 'e1'];
  return { form: 'linear', name, family, format, args, ownLines, walks, accepts, cost };
}

export const linearKernels: readonly LinearKernel[] = [
  linear(
    'f32_linear_dense_4x8',
    'dense',
    'dense',
    always,
    byLines('dense', (c, blocks) => costConstants.dense.factor * panelCost(c, blocks)),
    { walks: 8 },
  ),
  linear('f32_linear_dense_8x1', 'dense', 'dense', onePixel, vector(4, 1, 16, costConstants.tile8x1)),
  ...[2, 3, 4].map((n) =>
    linear(`f32_linear_dense_8x${n}`, 'dense', 'dense', (c) => c.pixels === n, fewCost),
  ),
  linear('f32_linear_columns_4x1', 'columns', 'columns', (c) => outputVector(c) && c.scratch, columnsCost),
  linear('f32_linear_csr_1x48', 'csr', 'csr', always, csrCost, { walks: 48 }),
  linear('f32_linear_csr_1x32', 'csr', 'csr', narrowLines, narrowCost, { ownLines: true }),
  linear(
    'f32_linear_csr16_1x48',
    'csr16',
    'csr16',
    always,
    (c, blocks) => costConstants.csr16.factor * csrCost(c, blocks),
    { walks: 48 },
  ),
  linear('f32_linear_csr_1x1', 'csr', 'csr', onePixel, vector(1, 1, 8, costConstants.csr1)),
  linear('f32_linear_sell4_4x1', 'sell', 'sell4', onePixel, vector(1, 1, 6, costConstants.sell4)),
  linear('f32_linear_bsr4x1_4x8', 'bsr', 'bsr4x1', always, byLines('bsr4x1', panelCost), { walks: 8 }),
  linear('f32_linear_bsr4x1_4x1', 'bsr', 'bsr4x1', outputVector, vector(4, 1, 20, costConstants.tile4x1)),
  linear('f32_linear_bsr2x1_2x16', 'bsr', 'bsr2x1', always, byLines('bsr2x1', pairCost), { walks: 16 }),
  linear('f32_linear_bsr2x1_2x1', 'bsr', 'bsr2x1', onePixel, vector(2, 1, 12, costConstants.tile2x1)),
  linear(
    'f32_linear_bsr1x4_1x1',
    'bsr',
    'bsr1x4',
    (c) => c.pixels === 1 && c.contiguous && c.cols >= 4,
    vector(1, 4, 20, costConstants.tile1x4),
  ),
];

export interface LinearCandidate {
  readonly format: FormatName;
  readonly kernel: LinearKernel;
  /** Blocks stored and bytes packed. */
  readonly blocks: number;
  readonly bytes: number;
  readonly predictedNs: number;
}

export interface LinearChoice extends LinearCandidate {
  /** Why, for the report. */
  readonly reason: string;
  /** One per format that fits, with its fastest kernel; `dense` first. */
  readonly candidates: readonly LinearCandidate[];
}

/** A sparse format must promise so much less time than `dense`: predictions are no better than that. */
const worthwhile = 0.97;

/** Bytes that a format may take where no other is faster than dense weights: half of the weights with an offset each are as many, counts come on top. */
export const mostBytes = (denseBytes: number): number => 1.03 * denseBytes;

/** Nanoseconds that a kernel takes where `blocks` blocks are stored: by the cost model, or as measured. */
export type LinearTiming = (kernel: LinearKernel, c: LinearCase, blocks: number) => number;

const predicted: LinearTiming = (kernel, c, blocks) => kernel.cost(c, blocks);

export interface LinearProblem {
  readonly pixels: number;
  /** As in `LinearCase`; one line where they are not given. */
  readonly width?: number;
  readonly pitch?: number;
  readonly yRow: number;
  readonly build: Build;
  readonly zeros?: number;
  readonly scratch?: boolean;
}

export const linearCase = (w: Matrix, offsets: Int32Array, p: LinearProblem): LinearCase => ({
  rows: w.rows,
  cols: w.cols,
  pixels: p.pixels,
  width: p.width ?? p.pixels,
  pitch: p.pitch ?? p.pixels,
  yRow: p.yRow,
  contiguous: offsets.every((o, k) => o === offsets[0] + 4 * k),
  zeros: p.pixels === 1 ? (p.zeros ?? 0) : 0,
  scratch: p.scratch ?? false,
  build: p.build,
});

/** Every kernel with every format that fits the matrix. */
export function linearPairs(w: Matrix, offsets: Int32Array, c: LinearCase) {
  return (Object.keys(formats) as FormatName[]).flatMap((format) => {
    const kernels = linearKernels.filter((kernel) => kernel.format === format && kernel.accepts(c));
    if (kernels.length === 0 || formats[format].fits?.(w, offsets) === false) return [];
    return [{ format, kernels, blocks: formats[format].count(w), bytes: formats[format].bytes(w, offsets) }];
  });
}

/**
 * The format and kernel for a matrix: of the formats that leave zeros out, the fastest (`speed`) or the smallest (`size`) that is
 * predicted to be faster than `dense` and takes no more bytes, or else hardly more; where there is none, the same of those that store them.
 */
export function chooseLinear(
  w: Matrix,
  offsets: Int32Array,
  p: LinearProblem & { readonly objective: 'speed' | 'size' },
  timing: LinearTiming = predicted,
): LinearChoice {
  const c = linearCase(w, offsets, p);
  const candidates = linearPairs(w, offsets, c).map(({ kernels, ...pair }): LinearCandidate => {
    const timed = kernels.map((kernel) => ({ kernel, predictedNs: timing(kernel, c, pair.blocks) }));
    return { ...pair, ...timed.reduce((a, b) => (b.predictedNs < a.predictedNs ? b : a)) };
  });
  const measure = (candidate: LinearCandidate) =>
    p.objective === 'speed' ? candidate.predictedNs : candidate.bytes;
  const dense = candidates[0];
  const faster = candidates.filter((c) => c.predictedNs < worthwhile * dense.predictedNs);
  const fitting = (most: number, storesZeros: boolean) =>
    faster.filter((c) => c.bytes <= most && (formats[c.format].storesZeros ?? false) === storesZeros);
  const least = (list: readonly LinearCandidate[]) =>
    list.reduce((a, b) => (measure(b) < measure(a) ? b : a), dense);
  const best =
    [fitting(dense.bytes, false), fitting(mostBytes(dense.bytes), false), fitting(dense.bytes, true)]
      .map(least)
      .find((c) => c !== dense) ?? dense;
  return {
    ...best,
    reason: reason(best, dense, timing === predicted ? 'predicted' : 'measured'),
    candidates,
  };
}

function reason(best: LinearCandidate, dense: LinearCandidate, how: string): string {
  if (best.format === 'dense') return 'no sparse format is faster and not larger';
  const times = (dense.predictedNs / best.predictedNs).toFixed(1);
  const share = ((100 * best.bytes) / dense.bytes).toFixed(0);
  return `${how} ${times} × as fast as dense in ${share} % of its bytes`;
}

export type WindowOp = 'conv' | 'max' | 'mean';

/** Rows and columns of windows beyond the first and last ones of a plane, which read as zero though the plane doesn't carry them. */
export interface Padding {
  readonly padTop: number;
  readonly padLeft: number;
  readonly padBottom: number;
  readonly padRight: number;
}

export const noPadding: Padding = { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 };

/**
 * One output plane from the input plane of its channel: y[c, i, j] = epilogue(op over u, v of
 * x[c, i·strideY + u·dilationY, j·strideX + v·dilationX]); `conv` multiplies by weights[c][u·kw + v] and adds bias[c].
 */
export interface WindowCase extends Padding {
  readonly op: WindowOp;
  readonly channels: number;
  readonly kh: number;
  readonly kw: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly outH: number;
  readonly outW: number;
  readonly build: Build;
}

export interface WindowKernel {
  readonly form: 'window';
  readonly name: string;
  readonly family: string;
  readonly op: WindowOp;
  readonly args: readonly string[];
  accepts(c: WindowCase): boolean;
  /** Predicted nanoseconds. */
  cost(c: WindowCase): number;
}

const anyGeometry = ['kh', 'kw', 'strideY', 'strideX', 'dilationY', 'dilationX'];
const paddings = Object.keys(noPadding) as (keyof Padding)[];

function window(
  name: string,
  op: WindowOp,
  family: string,
  geometry: readonly string[],
  accepts: WindowKernel['accepts'],
  cost: WindowKernel['cost'],
): WindowKernel {
  const operands = ['x', 'y', ...(op === 'conv' ? ['bias', 'weights'] : []), 'channels', 'xC', 'yC'];
  return {
    form: 'window',
    name,
    family,
    op,
    args: [...operands, ...geometry, 'outH', 'outW', 'xPitch', 'yPitch', 'e0', 'e1'],
    accepts: (c) => c.op === op && accepts(c),
    cost,
  };
}

/** Strips down planes, with half of the kernel's size of padding at most. */
const depthwise = (
  size: number,
  stride: number,
  family: string,
  ns: number,
  width = 4,
  accepts: WindowKernel['accepts'] = always,
) =>
  window(
    `f32_depthwise_${size}x${size}s${stride}_1x${width}`,
    'conv',
    family,
    paddings,
    (c) =>
      accepts(c) &&
      c.kh === size &&
      c.kw === size &&
      c.strideY === stride &&
      c.strideX === stride &&
      c.dilationY === 1 &&
      c.dilationX === 1 &&
      paddings.every((side) => 2 * c[side] < size),
    strips(size, ns),
  );

/** Windows of any geometry, inside their plane. */
const inside = (name: string, op: WindowOp, accepts: WindowKernel['accepts'], cost: WindowKernel['cost']) =>
  window(name, op, 'window', anyGeometry, (c) => paddings.every((side) => c[side] === 0) && accepts(c), cost);

const windowNames = { conv: 'depthwise', max: 'maxpool', mean: 'avgpool' } as const;

export const windowKernels: readonly WindowKernel[] = [
  depthwise(3, 1, 'depthwise', costConstants.window.s1),
  // Two strips of eight that overlap cost more than three of four.
  depthwise(3, 1, 'depthwise', costConstants.window.s1wide, 8, (c) => c.outW >= 13 && c.build !== 'scalar'),
  depthwise(3, 2, 'depthwise', costConstants.window.s2),
  depthwise(5, 1, 'depthwise5', costConstants.window.s1of5),
  depthwise(5, 2, 'depthwise5', costConstants.window.s2of5),
  ...(['conv', 'max', 'mean'] as const).flatMap((op) => [
    inside(`f32_${windowNames[op]}_s1_4x4`, op, (c) => c.strideX === 1, tiles4x4),
    inside(`f32_${windowNames[op]}_s2_4x4`, op, (c) => c.strideX === 2, tiles4x4),
    inside(`f32_${windowNames[op]}_any_1x1`, op, always, scalarWindow),
  ]),
];

/** The fastest kernel for a window; none where no kernel knows such padding. */
export function chooseWindow(
  c: WindowCase,
): { readonly kernel: WindowKernel; readonly predictedNs: number } | undefined {
  return windowKernels
    .filter((kernel) => kernel.accepts(c))
    .map((kernel) => ({ kernel, predictedNs: kernel.cost(c) }))
    .sort((a, b) => a.predictedNs - b.predictedNs)
    .at(0);
}

/** Copies without arithmetic, chosen by name. */
export interface MoveKernel {
  readonly form: 'move';
  readonly name: string;
  readonly family: string;
  readonly args: readonly string[];
}

export const tileKernel: MoveKernel = {
  form: 'move',
  name: 'f32_move_tile_1x28',
  family: 'move',
  args: ['x', 'y', 'channels', 'xC', 'yC', 'bytes'],
};

export const moveKernels: readonly MoveKernel[] = [
  tileKernel,
  {
    form: 'move',
    name: 'f32_move_split2_1x8',
    family: 'move',
    args: ['x', 'y', 'yOdd', 'h', 'w', 'xPitch', 'yPitch'],
  },
  {
    form: 'move',
    name: 'f32_move_planar_4x4',
    family: 'move',
    args: ['x', 'y', 'channels', 'h', 'w', 'xPixel', 'xPitch', 'yC', 'yPitch'],
  },
];

/** Arguments that are i32 counts; all others are addresses and distances in bytes, usize. */
export const countArgs: ReadonlySet<string> = new Set([
  'rows',
  'cols',
  'pixels',
  'width',
  'pitch',
  'swath',
  'channels',
  'kh',
  'kw',
  'strideY',
  'strideX',
  'dilationY',
  'dilationX',
  ...Object.keys(noPadding),
  'outH',
  'outW',
  'h',
  'w',
]);
