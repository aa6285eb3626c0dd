/**
 * What of a `linear` step a kernel sees at a time, so that it stays in the L1 cache.
 *
 * Tiles: where a tile of pixels lies on more pages or cache lines than the processor keeps at hand, it is copied to where its planes lie close, and
 * all rows pass over the copy.
 *
 *     x                 plane 0 ······│tile 0│tile 1│······ plane 1 ······│tile 0│tile 1│······
 *     copy of tile 0    │plane 0│reach│plane 1│reach│…      `reach`: what taps see beyond the pixels
 *
 * Parts: where even the copy outgrows the cache, kernels run over some of the planes at a time, one part after the other. Sums wait in the
 * output meanwhile.
 *
 * Lines: where an image is as wide as whole tiles, its lines are done one by one, so that no tile falls on the gaps between them.
 *
 * Swaths: how many neighbouring tiles a row of weights, or a panel of rows, walks over before the next one does. Few, and the input stays
 * near for all rows; many, and what has to come from beyond the caches and go there comes and goes in long streams.
 */
import { costConstants, linesOf } from '../kernel-costs.ts';
import type { LinearCandidate, LinearCase } from '../kernels.ts';
import type { Format, Matrix, Packed } from '../sparse/format.ts';
import { type FormatName, formats } from '../sparse/index.ts';
import { ascending, packRuns, roundUp } from '../sparse/offsets.ts';

/** Pixels of a tile that is copied, and of a register tile of the dense kernel. */
const tilePixels = 28;
const denseTile = 8;
/** Bytes of weights that the dense kernel reads for a column of four rows. */
const panelColumn = 16;
const line = 64;
const page = 4096;
/** Blocks of a row, or of a group of rows, below which turning from row to row costs more than the cache saves. */
const leastBlocks = 24;
/** Vectors multiplied for each that is copied below which the copy costs more than it saves. */
const leastReuse = 16;
/** Bytes of input in a swath, and pixels. A row that is walked again ends where the processor has seen it end. */
const near = { bytes: 48 * 1024, pixels: 224 };
/** Tiles of such a swath below which panels of dense weights had better pass over one at a time. */
const leastWalk = 9;
/** Bytes of a swath that streams, and of each of its planes: a page, where prefetchers end. */
const stream = { bytes: 640 * 1024, plane: page };

/** Planes of the input whose pixels are copied, a tile at a time, before the kernel runs over them. */
export interface Tile {
  /** Byte offset of the first plane from x, planes, and bytes from one to the next. */
  readonly first: number;
  readonly planes: number;
  readonly stride: number;
  /** Bytes that columns see of a plane beyond the pixels. */
  readonly reach: number;
  /** Pixels that are copied at a time, and bytes of a plane in the copy. */
  readonly pixels: number;
  readonly bytes: number;
}

/** Lines of an image that a kernel runs over one by one, and bytes from one to the next. */
export interface Lines {
  readonly count: number;
  readonly pixels: number;
  readonly bytes: number;
}

/** Columns that a kernel runs over at a time. */
export interface Part {
  readonly packed: Packed;
  readonly lines?: Lines;
  /** Where given, the offsets of the packed columns are of the copy. */
  readonly tile?: Tile;
  /** Pixels that rows walk over before the next rows do, for kernels that can. */
  readonly swath?: number;
}

/** Bytes of the copy. */
export const tileBytes = ({ planes, bytes }: Tile): number => planes * bytes;

/** The matrix packed in as many parts as pay: one, where all of it stays in the cache. */
export function tiled(
  w: Matrix,
  offsets: Int32Array,
  c: LinearCase,
  { kernel, blocks }: Pick<LinearCandidate, 'kernel' | 'blocks'>,
): Part[] {
  const format = formats[kernel.format];
  const dense = kernel.format === 'dense';
  const linesFor = (copied: boolean): { lines?: Lines } => {
    if (kernel.ownLines) return {};
    const pays = c.build === 'scalar' || format.block[0] > 1 || copied;
    const count = pays ? linesOf(c, kernel.format) : 1;
    return count > 1 ? { lines: { count, pixels: c.width, bytes: 4 * c.pitch } } : {};
  };
  const planes = kernel.ownLines ? undefined : planesOf(offsets);
  const swathFor = (parts: number): { swath?: number } =>
    kernel.walks === undefined
      ? {}
      : { swath: swathOf(kernel.walks, kernel.format, c, blocks, planes?.count ?? w.cols, parts) };
  const whole = (): Part[] => [{ packed: format.pack(w, offsets), ...linesFor(false), ...swathFor(1) }];
  if (c.build === 'scalar' || c.pixels < tilePixels) return whole();
  const perRow = blocks / Math.ceil(w.rows / format.block[0]);
  const { inputs, panel } = costConstants.l1;
  const copied = planes && copyPays(planes, offsets, format, blocks) ? planes : undefined;
  const fit = dense
    ? (footprint(offsets, denseTile, line) + panelColumn * w.cols) / panel
    : copied
      ? (copied.count * planeBytes(copied)) / inputs
      : footprint(offsets, tilePixels, line) / inputs;
  const most = Math.min(Math.floor(perRow / leastBlocks), planes?.count ?? w.cols);
  const n = c.scratch ? Math.max(1, Math.min(Math.ceil(fit), most)) : 1;
  if (n === 1 && !copied) return whole();
  const order = ascending(offsets);
  const unit = planes?.taps.length ?? 1;
  const bound = (i: number) => unit * Math.round((i * order.length) / unit / n);
  const parts = Array.from({ length: n }, (_, i): [Matrix, Int32Array, Tile?] => {
    const columns = order.slice(bound(i), bound(i + 1));
    const own = n === 1 ? w : take(w, columns);
    const at = n === 1 ? offsets : Int32Array.from(columns, (k) => offsets[k]);
    if (!copied) return [own, at];
    const tile = tileOf(copied, at);
    return [own, inCopy(at, tile), tile];
  });
  if (!parts.every(([matrix, at]) => format.fits?.(matrix, at) !== false)) return whole();
  const swath = swathFor(n);
  return parts.map(([matrix, at, tile]) => ({
    packed: format.pack(matrix, at),
    ...linesFor(tile !== undefined),
    ...swath,
    ...(tile && { tile }),
  }));
}

/** Columns as the same taps of planes at even distances. */
interface Planes {
  readonly count: number;
  readonly stride: number;
  /** Byte offsets of the columns of a plane from its first, ascending. */
  readonly taps: readonly number[];
}

function planesOf(offsets: Int32Array): Planes | undefined {
  const [count, stride, ...firsts] = packRuns(offsets);
  return count === 1 ? undefined : { count, stride, taps: firsts.map((o) => o - firsts[0]) };
}

const planeBytes = ({ taps }: Planes): number => roundUp(taps.at(-1)! + 4 * tilePixels, 16);

/**
 * True where tiles strain the caches as they lie, and all rows together read a copy often enough. Formats whose blocks span rows load
 * pixels seldom enough as it is.
 */
function copyPays(
  planes: Planes,
  offsets: Int32Array,
  { block: [height, width] }: Format,
  blocks: number,
): boolean {
  if (height > 1) return false;
  const { lines, pages } = costConstants.tiles;
  const strained =
    footprint(offsets, tilePixels, line) > lines || footprint(offsets, tilePixels, page) > pages * page;
  const read = (blocks * width * tilePixels) / 4;
  const copied = (planes.count * planeBytes(planes)) / 16;
  return strained && read >= leastReuse * copied;
}

/** Pixels of a swath, in tiles of `tile`, where columns lie on so many planes, which are done in so many parts. */
function swathOf(
  tile: number,
  format: FormatName,
  c: LinearCase,
  blocks: number,
  planes: number,
  parts: number,
): number {
  const tiles = Math.floor((near.bytes * parts) / (4 * tile * planes));
  const most = Math.floor(near.pixels / tile);
  if (format === 'dense') return tile * (tiles < leastWalk ? 1 : Math.min(tiles, most));
  // The more of a layer lies beyond the L2 cache, the more often its planes may be read again before streams lose.
  const bytes = 4 * c.pixels * (c.rows + planes);
  if (blocks * formats[format].block[1] < leastReuse * planes * Math.min(1, bytes / costConstants.l2.bytes)) {
    const pixels = Math.min(stream.plane, stream.bytes / planes) / 4;
    return tile * Math.max(1, Math.floor(pixels / tile));
  }
  return tile * Math.min(most, Math.max(1, tiles));
}

/** The planes that the columns at these offsets lie on. */
function tileOf(planes: Planes, offsets: Int32Array): Tile {
  const { stride, taps } = planes;
  const first = offsets.reduce((a, b) => Math.min(a, b));
  const count = offsets.length / taps.length;
  const bytes = planeBytes(planes);
  return { first, planes: count, stride, reach: taps.at(-1)!, pixels: tilePixels, bytes };
}

/** Where the columns lie in the copy. */
const inCopy = (offsets: Int32Array, { first, stride, bytes }: Tile): Int32Array =>
  offsets.map((o) => Math.floor((o - first) / stride) * bytes + ((o - first) % stride));

/** Bytes of the cache lines (or pages) that a tile of so many pixels touches. */
function footprint(offsets: Int32Array, pixels: number, unit: number): number {
  const touched = new Set<number>();
  for (const o of offsets) {
    for (let at = Math.floor(o / unit); at * unit < o + 4 * pixels; at++) touched.add(at);
  }
  return unit * touched.size;
}

function take(w: Matrix, columns: readonly number[]): Matrix {
  const data = new Float32Array(w.rows * columns.length);
  for (let r = 0; r < w.rows; r++) {
    columns.forEach((k, i) => {
      data[r * columns.length + i] = w.data[r * w.cols + k];
    });
  }
  return { rows: w.rows, cols: columns.length, data };
}
