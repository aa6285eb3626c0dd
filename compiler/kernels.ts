/**
 * The kernels of `runtime/kernels/`, one row each. Dispatch, kernel tests and kernel benchmarks iterate this table.
 *
 * Names: `<dtype>_<op>_<format>_<rows>x<pixels>`, the register tile of the SIMD builds.
 */
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
  accepts(c: LinearCase): boolean;
  /** Predicted nanoseconds where `blocks` blocks of the format are stored. */
  cost(c: LinearCase, blocks: number): number;
}

/** Bytes past the last float of an operand that kernels may read and never use: every buffer needs this much room behind it. */
export const OVERREAD = 64;

/**
 * Nanoseconds, fitted by `bench/fit.ts` to `bench/kernels.ts` on one x86 core with 128-bit vectors. `block` is the cost of a stored block (for
 * `dense`, of a column of a panel) and `row` that of a row or group of rows, each once per tile of pixels.
 */
export const costConstants = {
  csr7v: { block: 1.42, row: 3 },
  csr4v: { block: 0.85, row: 2.4 },
  csr1v: { block: 0.4, row: 1.8 },
  /** Over `csr`. */
  csr16: { factor: 1.06 },
  csr1: { block: 0.3, row: 2.5 },
  sell4: { block: 0.215, row: 2 },
  tile4x8: { block: 1.23, row: 5 },
  tile4x4: { block: 0.8, row: 4 },
  tile2x16: { block: 1.23, row: 5 },
  tile4x1: { block: 0.35, row: 4 },
  tile8x1: { block: 0.25, row: 3 },
  /** `block` of columns whose input is not zero; `test` of every column; `byte` as in `l2`, of columns here and there. */
  columns: { block: 0.26, row: 3, test: 1.5, byte: 0.03 },
  tile2x1: { block: 0.53, row: 3.5 },
  tile1x4: { block: 0.35, row: 4 },
  /**
   * Bytes of an L1 cache (`plan/tiling.ts`): what a tile of the input may take while sparse weights, results and stack pass by, and what
   * a tile and a panel of dense weights may take together, so that the next panel finds room.
   */
  l1: { inputs: 28 * 1024, panel: 26 * 1024 },
  /** Bytes of cache lines and number of pages from which on tiles are copied. */
  tiles: { lines: 24 * 1024, pages: 72 },
  /** Weights that are read once, from beyond the L2 cache, take at least `byte` each. */
  l2: { bytes: 1024 * 1024, byte: 0.02 },
  /** Without SIMD: of a multiply-add, a row per 4 pixels and a tap of a window. */
  scalar: { mac: 0.32, row: 6, tap: 0.5 },
  /** Of four pixels of an output row (3×3), of a tap and of a tile of 4 × 4 pixels (any size). */
  window: { s1: 1.85, s2: 2.8, tap: 1.2, maxTap: 4, tile: 4 },
};

export type Constants = typeof costConstants;

interface Tile {
  readonly block: number;
  readonly row: number;
}

/** `n` tiles of pixels, in each of which all blocks and groups of rows pass. */
const passes = (n: number, t: Tile, blocks: number, groups: number): number =>
  n * (blocks * t.block + groups * t.row);

function scalarCost(c: LinearCase, weights: number): number {
  return (
    costConstants.scalar.mac * weights * c.pixels +
    costConstants.scalar.row * c.rows * Math.ceil(c.pixels / 4)
  );
}

/** Of a tile of 28 or 24 pixels, of 16, and of 4: how many it takes, and what they cost. */
function csrTiles(pixels: number): readonly (readonly [count: number, tile: Tile])[] {
  const rest = pixels % 28;
  return [
    [Math.floor(pixels / 28) + (rest > 16 ? 1 : 0), costConstants.csr7v],
    [rest > 4 && rest <= 16 ? 1 : 0, costConstants.csr4v],
    [rest > 0 && rest <= 4 ? 1 : 0, costConstants.csr1v],
  ];
}

const csrCost = (c: LinearCase, blocks: number): number =>
  c.build === 'scalar'
    ? scalarCost(c, blocks)
    : csrTiles(c.pixels).reduce((ns, [n, tile]) => ns + passes(n, tile, blocks, c.rows), 0);

/** True where sparse weights take less time over all lines with the gaps between them than line by line. */
export function runPays(lines: number, width: number, pitch: number): boolean {
  const weight = (pixels: number) => csrTiles(pixels).reduce((ns, [n, { block }]) => ns + n * block, 0);
  return weight((lines - 1) * pitch + width) < lines * weight(width);
}

function panelCost(c: LinearCase, blocks: number): number {
  if (c.build === 'scalar') return scalarCost(c, 4 * blocks);
  const rest = c.pixels % 8;
  const groups = Math.ceil(c.rows / 4);
  return (
    passes(Math.floor(c.pixels / 8) + (rest > 4 ? 1 : 0), costConstants.tile4x8, blocks, groups) +
    passes(rest > 0 && rest <= 4 ? 1 : 0, costConstants.tile4x4, blocks, groups)
  );
}

/** Bytes of weights that the dense kernel reads once for all tiles (`LARGE` in `runtime/kernels/dense.ts`). */
const largeWeights = 1 << 19;
/** Pixels beyond which blocks of four rows pass over neighbouring tiles at once (`runtime/kernels/bsr.ts`). */
const fewPixels = 256;
/** Pixels of the widest tile of formats whose kernels may run over an image line by line. */
const lineTiles: Partial<Record<FormatName, number>> = {
  dense: 8,
  bsr4x1: 8,
  bsr2x1: 16,
  csr: 28,
  csr16: 28,
};

/** How many lines a kernel runs over one by one: those of the image where that takes fewer tiles than all pixels with the gaps, else 1. */
export function linesOf(c: LinearCase, format: FormatName): number {
  const tile = lineTiles[format];
  if (!tile || c.build === 'scalar') return 1;
  if (format === 'dense' && 4 * c.rows * c.cols > largeWeights) return 1;
  if (format === 'bsr4x1' && c.pixels > fewPixels) return 1;
  const lines = Math.round((c.pixels - c.width) / c.pitch) + 1;
  return lines * Math.ceil(c.width / tile) < Math.ceil(c.pixels / tile) ? lines : 1;
}

const byLines =
  (format: FormatName, cost: LinearKernel['cost']): LinearKernel['cost'] =>
  (c, blocks) => {
    const lines = linesOf(c, format);
    return lines > 1 ? lines * cost({ ...c, pixels: c.width }, blocks) : cost(c, blocks);
  };

function pairCost(c: LinearCase, blocks: number): number {
  if (c.build === 'scalar') return scalarCost(c, 2 * blocks);
  return passes(Math.ceil(c.pixels / 16), costConstants.tile2x16, blocks, Math.ceil(c.rows / 2));
}

/** One pixel, from blocks of `height` × `width` that take `bytes` each. */
const vector = (height: number, width: number, bytes: number, t: Tile) => (c: LinearCase, blocks: number) => {
  if (c.build === 'scalar') return scalarCost(c, blocks * height * width);
  const compute = blocks * t.block + Math.ceil(c.rows / height) * t.row;
  return blocks * bytes > costConstants.l2.bytes
    ? Math.max(compute, blocks * bytes * costConstants.l2.byte)
    : compute;
};

/** Blocks of columns whose inputs are zero are not read. */
function columnsCost(c: LinearCase, blocks: number): number {
  const { block, row, test, byte } = costConstants.columns;
  const read = (1 - c.zeros) * blocks;
  if (c.build === 'scalar') return scalarCost(c, 4 * read);
  const least = blocks * 16 > costConstants.l2.bytes ? read * 16 * byte : 0;
  return Math.max(least, read * block + Math.ceil(c.rows / 4) * row) + test * c.cols;
}

const always = () => true;
const onePixel = (c: LinearCase) => c.pixels === 1;
const outputVector = (c: LinearCase) => c.pixels === 1 && c.yRow === 4;

function linear(
  name: string,
  family: string,
  format: FormatName,
  accepts: LinearKernel['accepts'],
  cost: LinearKernel['cost'],
): LinearKernel {
  const args = ['x', 'y', 'bias', ...formats[format].arrays, 'rows', 'cols', 'pixels', 'yRow', 'e0', 'e1'];
  return { form: 'linear', name, family, format, args, accepts, cost };
}

export const linearKernels: readonly LinearKernel[] = [
  linear('f32_linear_dense_4x8', 'dense', 'dense', always, byLines('dense', panelCost)),
  linear('f32_linear_dense_8x1', 'dense', 'dense', outputVector, vector(4, 1, 16, costConstants.tile8x1)),
  linear('f32_linear_columns_4x1', 'columns', 'columns', (c) => outputVector(c) && c.scratch, columnsCost),
  linear('f32_linear_csr_1x28', 'csr', 'csr', always, csrCost),
  linear(
    'f32_linear_csr16_1x28',
    'csr16',
    'csr16',
    always,
    (c, blocks) => costConstants.csr16.factor * csrCost(c, blocks),
  ),
  linear('f32_linear_csr_1x1', 'csr', 'csr', onePixel, vector(1, 1, 8, costConstants.csr1)),
  linear('f32_linear_sell4_4x1', 'sell', 'sell4', onePixel, vector(1, 1, 6, costConstants.sell4)),
  linear('f32_linear_bsr4x1_4x8', 'bsr', 'bsr4x1', always, byLines('bsr4x1', panelCost)),
  linear('f32_linear_bsr4x1_4x1', 'bsr', 'bsr4x1', outputVector, vector(4, 1, 20, costConstants.tile4x1)),
  linear('f32_linear_bsr2x1_2x16', 'bsr', 'bsr2x1', always, byLines('bsr2x1', pairCost)),
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
 * predicted to be faster than `dense` and takes no more bytes; where there is none, the same of those that store them.
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
  const better = candidates.filter(
    (c) => c.predictedNs < worthwhile * dense.predictedNs && c.bytes <= dense.bytes,
  );
  const least = (list: readonly LinearCandidate[]) =>
    list.reduce((a, b) => (measure(b) < measure(a) ? b : a), dense);
  const leaving = least(better.filter((c) => !formats[c.format].storesZeros));
  const best = leaving === dense ? least(better) : leaving;
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

/**
 * One output plane from the input plane of its channel, windows inside the plane: y[c, i, j] = epilogue(op over u, v of
 * x[c, i·strideY + u·dilationY, j·strideX + v·dilationX]); `conv` multiplies by weights[c][u·kw + v] and adds bias[c].
 */
export interface WindowCase {
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

function window(
  name: string,
  op: WindowOp,
  accepts: WindowKernel['accepts'],
  cost: WindowKernel['cost'],
): WindowKernel {
  const args = [
    'x',
    'y',
    ...(op === 'conv' ? ['bias', 'weights'] : []),
    'channels',
    'xC',
    'yC',
    'kh',
    'kw',
    'strideY',
    'strideX',
    'dilationY',
    'dilationX',
    'outH',
    'outW',
    'xPitch',
    'yPitch',
    'e0',
    'e1',
  ];
  return {
    form: 'window',
    name,
    family: 'window',
    op,
    args,
    accepts: (c) => c.op === op && accepts(c),
    cost,
  };
}

const square3 = (stride: number) => (c: WindowCase) =>
  c.kh === 3 &&
  c.kw === 3 &&
  c.strideY === stride &&
  c.strideX === stride &&
  c.dilationY === 1 &&
  c.dilationX === 1;

const strips = (ns: number) => (c: WindowCase) =>
  c.build === 'scalar' ? scalarWindow(c) : c.channels * Math.ceil(c.outW / 4) * (c.outH + 3) * ns;

const tiles4x4 = (c: WindowCase) => {
  if (c.build === 'scalar') return scalarWindow(c);
  const tiles = Math.ceil(c.outW / 4) * Math.ceil(c.outH / 4);
  const tap = c.op === 'max' ? costConstants.window.maxTap : costConstants.window.tap;
  return c.channels * tiles * (c.kh * c.kw * tap * c.strideX + costConstants.window.tile);
};

const scalarWindow = (c: WindowCase) =>
  c.channels * c.outH * c.outW * (c.kh * c.kw * costConstants.scalar.tap + costConstants.scalar.row);

const windowNames = { conv: 'depthwise', max: 'maxpool', mean: 'avgpool' } as const;

export const windowKernels: readonly WindowKernel[] = [
  window('f32_depthwise_3x3s1_1x4', 'conv', square3(1), strips(costConstants.window.s1)),
  window('f32_depthwise_3x3s2_1x4', 'conv', square3(2), strips(costConstants.window.s2)),
  ...(['conv', 'max', 'mean'] as const).flatMap((op) => [
    window(`f32_${windowNames[op]}_s1_4x4`, op, (c) => c.strideX === 1, tiles4x4),
    window(`f32_${windowNames[op]}_s2_4x4`, op, (c) => c.strideX === 2, tiles4x4),
    window(`f32_${windowNames[op]}_any_1x1`, op, always, scalarWindow),
  ]),
];

/** The fastest kernel for a window. */
export function chooseWindow(c: WindowCase): { readonly kernel: WindowKernel; readonly predictedNs: number } {
  return windowKernels
    .filter((kernel) => kernel.accepts(c))
    .map((kernel) => ({ kernel, predictedNs: kernel.cost(c) }))
    .reduce((a, b) => (b.predictedNs < a.predictedNs ? b : a));
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
  'channels',
  'kh',
  'kw',
  'strideY',
  'strideX',
  'dilationY',
  'dilationX',
  'outH',
  'outW',
  'h',
  'w',
]);
