/**
 * Columns in parts: where a tile of pixels over all input channels outgrows the L1 cache, kernels run over some of the channels at a
 * time, one part after the other. Sums wait in the output meanwhile.
 */
import { costConstants, type LinearCandidate, type LinearCase } from '../kernels.ts';
import type { Matrix, Packed } from '../sparse/format.ts';
import { formats } from '../sparse/index.ts';

/** Pixels of the widest register tile, and of that of the dense kernel. */
const tile = 28;
const denseTile = 8;
/** Bytes that the dense kernel reads beside the tile for a column of four rows: weights and offset. */
const panelColumn = 20;
const line = 64;
/** Blocks of a row, or of a group of rows, below which turning from row to row costs more than the cache saves. */
const leastBlocks = 48;
/** With fewer pixels the dense kernel reads its weights once and its input from L2 without loss. */
const leastDensePixels = 128;

/** The matrix packed, in the parts of `columnParts`. */
export const packParts = (...[w, offsets, c, chosen]: Parameters<typeof columnParts>): Packed[] =>
  columnParts(w, offsets, c, chosen).map((p) => formats[chosen.format].pack(p.matrix, p.offsets));

export interface Part {
  readonly matrix: Matrix;
  readonly offsets: Int32Array;
}

/** The matrix in as many parts as pay; itself, where that is one. */
export function columnParts(
  w: Matrix,
  offsets: Int32Array,
  c: LinearCase,
  chosen: Pick<LinearCandidate, 'format' | 'blocks'>,
): Part[] {
  const whole = [{ matrix: w, offsets }];
  if (c.build === 'scalar' || !c.scratch || c.pixels < tile) return whole;
  if (chosen.format === 'dense' && c.pixels < leastDensePixels) return whole;
  const format = formats[chosen.format];
  const perRow = chosen.blocks / Math.ceil(w.rows / format.block[0]);
  const { inputs, panel } = costConstants.l1;
  const fit =
    chosen.format === 'dense'
      ? (footprint(offsets, denseTile) + panelColumn * w.cols) / panel
      : footprint(offsets, tile) / inputs;
  const n = Math.min(Math.ceil(fit), Math.floor(perRow / leastBlocks));
  if (n < 2) return whole;
  const order = Array.from(offsets.keys()).sort((a, b) => offsets[a] - offsets[b]);
  const parts = Array.from({ length: n }, (_, i) =>
    take(w, offsets, order.slice(Math.round((i * w.cols) / n), Math.round(((i + 1) * w.cols) / n))),
  );
  return parts.every((p) => format.fits?.(p.matrix, p.offsets) !== false) ? parts : whole;
}

/** Bytes of the cache lines that a tile of so many pixels touches. */
function footprint(offsets: Int32Array, pixels: number): number {
  const lines = new Set<number>();
  for (const o of offsets) {
    for (let at = Math.floor(o / line); at * line < o + 4 * pixels; at++) lines.add(at);
  }
  return line * lines.size;
}

function take(w: Matrix, offsets: Int32Array, columns: readonly number[]): Part {
  const data = new Float32Array(w.rows * columns.length);
  for (let r = 0; r < w.rows; r++) {
    columns.forEach((k, i) => {
      data[r * columns.length + i] = w.data[r * w.cols + k];
    });
  }
  return {
    matrix: { rows: w.rows, cols: columns.length, data },
    offsets: Int32Array.from(columns, (k) => offsets[k]),
  };
}
