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
  /** Bytes between output rows. */
  readonly yRow: number;
  /** The columns are neighbours: their offsets ascend by 4 bytes. */
  readonly contiguous: boolean;
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
 * Nanoseconds, fitted to `bench/kernels.ts` on one x86 core: of a stored block (or of a column, for `dense`) and of a row or
 * group of rows, once per tile of pixels.
 */
const fitted = {
  csr28: { block: 1.5, row: 8 },
  csr16: { block: 1.0, row: 5 },
  csr4: { block: 0.5, row: 3 },
  csr1: { block: 0.36, row: 2.5 },
  tile4x8: { block: 1.75, row: 9 },
  tile2x16: { block: 1.75, row: 9 },
  tile4x1: { block: 0.33, row: 4 },
  tile2x1: { block: 0.6, row: 3.5 },
  tile1x4: { block: 0.35, row: 4 },
  /** Factor on `block` where an input tile of `cols` columns outgrows the L1 cache. */
  l1: { bytes: 48 * 1024, factor: 1.13 },
  /** Factor on everything without SIMD, where a block costs as much per weight and pixel. */
  scalar: { mac: 0.3, row: 4 },
} as const;

interface Tile {
  readonly block: number;
  readonly row: number;
}

/** `n` tiles of `pixels` pixels, in each of which all blocks and groups of rows pass. */
function passes(n: number, pixels: number, t: Tile, c: LinearCase, blocks: number, groups: number): number {
  const spill = c.cols * pixels * 4 > fitted.l1.bytes ? fitted.l1.factor : 1;
  return n * (blocks * t.block * spill + groups * t.row);
}

function scalarCost(c: LinearCase, weights: number): number {
  return fitted.scalar.mac * weights * c.pixels + fitted.scalar.row * c.rows * Math.ceil(c.pixels / 4);
}

function csrCost(c: LinearCase, blocks: number): number {
  if (c.build === 'scalar') return scalarCost(c, blocks);
  const rest = c.pixels % 28;
  const wide = Math.floor(c.pixels / 28) + (rest > 16 ? 1 : 0);
  return (
    passes(wide, 28, fitted.csr28, c, blocks, c.rows) +
    passes(rest > 4 && rest <= 16 ? 1 : 0, 16, fitted.csr16, c, blocks, c.rows) +
    passes(rest > 0 && rest <= 4 ? 1 : 0, 4, fitted.csr4, c, blocks, c.rows)
  );
}

const tiled = (height: number, pixels: number, t: Tile) => (c: LinearCase, blocks: number) =>
  c.build === 'scalar'
    ? scalarCost(c, blocks * height)
    : passes(Math.ceil(c.pixels / pixels), pixels, t, c, blocks, Math.ceil(c.rows / height));

const vector = (height: number, width: number, t: Tile) => (c: LinearCase, blocks: number) =>
  c.build === 'scalar' && height * width > 2
    ? scalarCost(c, blocks * height * width)
    : blocks * t.block + Math.ceil(c.rows / height) * t.row;

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
  linear('f32_linear_dense_4x8', 'dense', 'dense', always, tiled(4, 8, fitted.tile4x8)),
  linear('f32_linear_dense_4x1', 'dense', 'dense', outputVector, vector(4, 1, fitted.tile4x1)),
  linear('f32_linear_csr_1x28', 'csr', 'csr', always, csrCost),
  linear('f32_linear_csr_1x1', 'csr', 'csr', onePixel, vector(1, 1, fitted.csr1)),
  linear('f32_linear_bsr4x1_4x8', 'bsr', 'bsr4x1', always, tiled(4, 8, fitted.tile4x8)),
  linear('f32_linear_bsr4x1_4x1', 'bsr', 'bsr4x1', outputVector, vector(4, 1, fitted.tile4x1)),
  linear('f32_linear_bsr2x1_2x16', 'bsr', 'bsr2x1', always, tiled(2, 16, fitted.tile2x16)),
  linear('f32_linear_bsr2x1_2x1', 'bsr', 'bsr2x1', onePixel, vector(2, 1, fitted.tile2x1)),
  linear(
    'f32_linear_bsr1x4_1x1',
    'bsr',
    'bsr1x4',
    (c) => c.pixels === 1 && c.contiguous && c.cols >= 4,
    vector(1, 4, fitted.tile1x4),
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

/**
 * The format and kernel for a matrix. `dense` stays unless another format is predicted to be faster (`speed`) or is smaller (`size`);
 * what is chosen is never both slower and larger than `dense`.
 */
export function chooseLinear(
  w: Matrix,
  offsets: Int32Array,
  c: {
    readonly pixels: number;
    readonly yRow: number;
    readonly build: Build;
    readonly objective: 'speed' | 'size';
  },
): LinearChoice {
  const problem: LinearCase = {
    rows: w.rows,
    cols: w.cols,
    pixels: c.pixels,
    yRow: c.yRow,
    contiguous: offsets.every((o, k) => o === offsets[0] + 4 * k),
    build: c.build,
  };
  const candidates = (Object.keys(formats) as FormatName[]).flatMap((format) => {
    const kernels = linearKernels.filter((kernel) => kernel.format === format && kernel.accepts(problem));
    if (kernels.length === 0) return [];
    const blocks = formats[format].count(w);
    const timed = kernels.map((kernel) => ({ kernel, predictedNs: kernel.cost(problem, blocks) }));
    const fastest = timed.reduce((a, b) => (b.predictedNs < a.predictedNs ? b : a));
    return [{ format, blocks, bytes: formats[format].bytes(w, offsets), ...fastest }];
  });
  const measure = (candidate: LinearCandidate) =>
    c.objective === 'speed' ? candidate.predictedNs : candidate.bytes;
  const dense = candidates[0];
  const best = candidates.reduce((a, b) => (measure(b) < measure(a) ? b : a));
  return { ...best, reason: reason(best, dense, c.objective), candidates };
}

function reason(best: LinearCandidate, dense: LinearCandidate, objective: 'speed' | 'size'): string {
  const times = (dense.predictedNs / best.predictedNs).toFixed(1);
  const share = ((100 * best.bytes) / dense.bytes).toFixed(0);
  if (best.format === 'dense')
    return objective === 'speed' ? 'no sparse format is faster' : 'no sparse format is smaller';
  return `predicted ${times} × as fast as dense in ${share} % of its bytes`;
}
