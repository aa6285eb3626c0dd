/** The cost model of the kernels: what `kernels.ts` chooses by, and how tiles fall on lines. */
import type { LinearCase, LinearKernel, WindowCase } from './kernels.ts';
import type { FormatName } from './sparse/index.ts';

/**
 * Nanoseconds, fitted by `bench/fit.ts` to `bench/kernels.ts` on one x86 core with 128-bit vectors. `block` is the cost of a stored block (for
 * `dense`, of a column of a panel) and `row` that of a row or group of rows, each once per tile of pixels.
 */
export const costConstants = {
  csr12v: { block: 2.3, row: 4 },
  csr7v: { block: 1.42, row: 3 },
  csr4v: { block: 0.85, row: 2.4 },
  csr1v: { block: 0.36, row: 1.8 },
  /** Two vectors of each of four lines. */
  csr4x2v: { block: 1.47, row: 3.5 },
  /** Over `csr`. */
  csr16: { factor: 1.05 },
  csr1: { block: 0.3, row: 2.5 },
  sell4: { block: 0.215, row: 2 },
  /** Of dense weights, whose columns lie at even distances, over blocks. */
  dense: { factor: 0.93 },
  tile4x8: { block: 1.23, row: 5 },
  tile4x4: { block: 0.8, row: 4 },
  tile2x16: { block: 1.23, row: 5 },
  tile4x1: { block: 0.35, row: 4 },
  tile8x1: { block: 0.22, row: 3 },
  /** `pixel` more for each pixel. */
  tile8x4: { block: 0.2, pixel: 0.14, row: 4 },
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
  /** Of four pixels of an output row (3×3, in strips of eight, 5×5), of a tap and of a tile of 4 × 4 pixels (any size). */
  window: { s1: 1.85, s1wide: 1.67, s2: 2.8, s1of5: 5, s2of5: 7.5, tap: 1.2, maxTap: 2.6, tile: 4 },
};

export type Constants = typeof costConstants;

interface Tile {
  readonly block: number;
  readonly row: number;
}

/** `n` tiles of pixels, in each of which all blocks and groups of rows pass. */
const passes = (n: number, t: Tile, blocks: number, groups: number): number =>
  n * (blocks * t.block + groups * t.row);

/** Lines with gaps between them are done one by one. */
function scalarCost(c: LinearCase, weights: number): number {
  const pixels = linesIn(c) * c.width;
  return (
    costConstants.scalar.mac * weights * pixels + costConstants.scalar.row * c.rows * Math.ceil(pixels / 4)
  );
}

/** Of tiles of 48 pixels, of 28 or 24, of 16, and of 4: how many it takes, and what they cost. See `runtime/kernels/rows.ts`. */
function csrTiles(pixels: number): readonly (readonly [count: number, tile: Tile])[] {
  const over = pixels % 48;
  const left = pixels > 48 && over > 0 && over <= 4 ? over + 48 : over;
  const rest = left % 28;
  return [
    [(pixels - left) / 48, costConstants.csr12v],
    [Math.floor(left / 28) + (rest > 16 ? 1 : 0), costConstants.csr7v],
    [rest > 4 && rest <= 16 ? 1 : 0, costConstants.csr4v],
    [rest > 0 && rest <= 4 ? 1 : 0, costConstants.csr1v],
  ];
}

export const csrCost = (c: LinearCase, blocks: number): number =>
  c.build === 'scalar'
    ? scalarCost(c, blocks)
    : csrTiles(c.pixels).reduce((ns, [n, tile]) => ns + passes(n, tile, blocks, c.rows), 0);

const linesIn = (c: LinearCase): number => Math.round((c.pixels - c.width) / c.pitch) + 1;

/** Widths of lines that one vector doesn't hold and two do: sparse rows pass over four of them at a time. */
export const isNarrow = (width: number): boolean => width > 4 && width <= 8;
const narrowTiles = (lines: number): number => Math.ceil(lines / 4);

export const narrowCost = (c: LinearCase, blocks: number): number =>
  passes(narrowTiles(linesIn(c)), costConstants.csr4x2v, blocks, c.rows);

/** Gaps beyond this many widths of a line cost too much memory. */
const widestPitch = 3;

/** True where sparse weights take less time over all lines with the gaps between them than line by line. */
export function runPays(lines: number, width: number, pitch: number): boolean {
  const weight = (pixels: number) => csrTiles(pixels).reduce((ns, [n, { block }]) => ns + n * block, 0);
  const run = weight((lines - 1) * pitch + width);
  const narrow = isNarrow(width) ? narrowTiles(lines) * costConstants.csr4x2v.block : run;
  return pitch <= widestPitch * width && Math.min(run, narrow) < lines * weight(width);
}

export function panelCost(c: LinearCase, blocks: number): number {
  if (c.build === 'scalar') return scalarCost(c, 4 * blocks);
  const rest = c.pixels % 8;
  const groups = Math.ceil(c.rows / 4);
  return (
    passes(Math.floor(c.pixels / 8) + (rest > 4 ? 1 : 0), costConstants.tile4x8, blocks, groups) +
    passes(rest > 0 && rest <= 4 ? 1 : 0, costConstants.tile4x4, blocks, groups)
  );
}

/** Pixels beyond which blocks of four rows walk over the gaps between lines too. */
const fewPixels = 600;
/** Pixels that kernels without SIMD do at a time. */
const scalarTile = 4;
/** Pixels of the widest tile, or of that which is copied, of formats whose kernels may run over an image line by line. */
const lineTiles: Partial<Record<FormatName, number>> = {
  dense: 8,
  bsr4x1: 8,
  bsr2x1: 16,
  csr: 28,
  csr16: 28,
};

/** How many lines a kernel runs over one by one: those of the image where that takes fewer tiles than all pixels with the gaps, else 1. */
export function linesOf(c: LinearCase, format: FormatName): number {
  const tile = c.build === 'scalar' ? scalarTile : lineTiles[format];
  if (!tile) return 1;
  if (format === 'bsr4x1' && c.pixels > fewPixels) return 1;
  const lines = linesIn(c);
  return lines * Math.ceil(c.width / tile) < Math.ceil(c.pixels / tile) ? lines : 1;
}

export const byLines =
  (format: FormatName, cost: LinearKernel['cost']): LinearKernel['cost'] =>
  (c, blocks) => {
    const lines = linesOf(c, format);
    return lines > 1 ? lines * cost({ ...c, pixels: c.width, pitch: c.width }, blocks) : cost(c, blocks);
  };

export function pairCost(c: LinearCase, blocks: number): number {
  if (c.build === 'scalar') return scalarCost(c, 2 * blocks);
  return passes(Math.ceil(c.pixels / 16), costConstants.tile2x16, blocks, Math.ceil(c.rows / 2));
}

/** From blocks of `height` × `width` that take `bytes` each and are read once. */
export const vector =
  (height: number, width: number, bytes: number, t: Tile) => (c: LinearCase, blocks: number) => {
    if (c.build === 'scalar') return scalarCost(c, blocks * height * width);
    const compute = blocks * t.block + Math.ceil(c.rows / height) * t.row;
    return blocks * bytes > costConstants.l2.bytes
      ? Math.max(compute, blocks * bytes * costConstants.l2.byte)
      : compute;
  };

/** Some pixels at once, each with sums of its own. */
export function fewCost(c: LinearCase, blocks: number): number {
  const { block, pixel, row } = costConstants.tile8x4;
  return vector(4, 1, 16, { block: block + c.pixels * pixel, row })(c, blocks);
}

/** Blocks of columns whose inputs are zero are not read. */
export function columnsCost(c: LinearCase, blocks: number): number {
  const { block, row, test, byte } = costConstants.columns;
  const read = (1 - c.zeros) * blocks;
  if (c.build === 'scalar') return scalarCost(c, 4 * read);
  const least = blocks * 16 > costConstants.l2.bytes ? read * 16 * byte : 0;
  return Math.max(least, read * block + Math.ceil(c.rows / 4) * row) + test * c.cols;
}

export const strips = (size: number, ns: number) => (c: WindowCase) =>
  c.build === 'scalar' ? scalarWindow(c) : c.channels * Math.ceil(c.outW / 4) * (c.outH + size) * ns;

export const tiles4x4 = (c: WindowCase) => {
  if (c.build === 'scalar') return scalarWindow(c);
  const tiles = Math.ceil(c.outW / 4) * Math.ceil(c.outH / 4);
  const tap = c.op === 'max' ? costConstants.window.maxTap : costConstants.window.tap;
  return c.channels * tiles * (c.kh * c.kw * tap * c.strideX + costConstants.window.tile);
};

export const scalarWindow = (c: WindowCase) =>
  c.channels * c.outH * c.outW * (c.kh * c.kw * costConstants.scalar.tap + costConstants.scalar.row);
