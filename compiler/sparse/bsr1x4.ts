import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { columnsByOffset, roundUp } from './offsets.ts';

/**
 * Blocks of one row × four neighbouring columns; a block is kept if any of its weights is not zero. Where `cols` is not a multiple
 * of four the last block still ends at the last column: it overlaps the one before, and the weights that both cover are zero in
 * it. Blocks of a row ascend. With fewer than four columns the surplus weights are zero.
 *
 *     counts   u32 [rows]              blocks of each row
 *     columns  u32 [blocks]            byte offset of the first column
 *     weights  f32 [blocks][4]
 */
export const bsr1x4: Format = {
  name: 'bsr1x4',
  description: 'blocks of 1 row × 4 columns, for dense layers: 20 bytes per block kept',
  block: [1, 4],
  arrays: ['counts', 'columns', 'weights'],

  count(w) {
    let n = 0;
    for (let r = 0; r < w.rows; r++) for (let k = 0; k < w.cols; k += 4) if (keptInRow(w, r, k)) n++;
    return n;
  },

  bytes: (w) => 4 * w.rows + 20 * bsr1x4.count(w),

  pack(w, offsets) {
    const blocks = bsr1x4.count(w);
    const counts = new Uint32Array(w.rows);
    const columns = new Uint32Array(blocks);
    const weights = new Float32Array(blocks * 4);
    let at = 0;
    for (let r = 0; r < w.rows; r++) {
      for (let k = 0; k < w.cols; k += 4) {
        if (!keptInRow(w, r, k)) continue;
        const first = firstColumn(k, w.cols);
        for (let j = k; j < Math.min(k + 4, w.cols); j++)
          weights[at * 4 + j - first] = w.data[r * w.cols + j];
        columns[at++] = offsets[first];
        counts[r]++;
      }
    }
    return { format: 'bsr1x4', rows: w.rows, cols: w.cols, arrays: { counts, columns, weights } };
  },

  unpack(p, offsets) {
    const { counts, columns, weights } = rowArrays(p);
    const byOffset = columnsByOffset(offsets, p.cols);
    const data = new Float32Array(p.rows * p.cols);
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      for (const end = at + counts[r]; at < end; at++) {
        const first = byOffset.get(columns[at])!;
        for (let i = 0; i < 4 && first + i < p.cols; i++) {
          if (weights[at * 4 + i] !== 0) data[r * p.cols + first + i] = weights[at * 4 + i];
        }
      }
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { counts, columns, weights } = rowArrays(p);
    const byOffset = columnsByOffset(offsets, p.cols);
    assert(counts.length === p.rows, `bsr1x4: ${counts.length} counts for ${p.rows} rows`);
    assert(weights.length === columns.length * 4, 'bsr1x4: wrong number of weights');
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      const end = at + counts[r];
      assert(end <= columns.length, `bsr1x4: row ${r} runs past the blocks`);
      for (let last = -1; at < end; at++) {
        const first = byOffset.get(columns[at]) ?? -1;
        const lastBlock = first === Math.max(0, p.cols - 4);
        assert(
          first > last && (first % 4 === 0 || lastBlock),
          `bsr1x4: row ${r} has an unknown or unordered offset ${columns[at]}`,
        );
        last = first;
        const owned = lastBlock ? roundUp(p.cols, 4) - 4 - first : 0;
        for (let i = 0; i < 4; i++) {
          assert(
            (i >= owned && first + i < p.cols) || weights[at * 4 + i] === 0,
            'bsr1x4: a weight lies outside its block',
          );
        }
      }
    }
    assert(at === columns.length, 'bsr1x4: blocks beyond the last row');
  },
};

const firstColumn = (k: number, cols: number) => Math.max(0, Math.min(k, cols - 4));

function keptInRow(w: Matrix, r: number, k: number): boolean {
  for (let j = k; j < Math.min(k + 4, w.cols); j++) if (w.data[r * w.cols + j] !== 0) return true;
  return false;
}

function rowArrays(p: Packed): { counts: Uint32Array; columns: Uint32Array; weights: Float32Array } {
  const { counts, columns, weights } = p.arrays;
  assert(
    counts instanceof Uint32Array && columns instanceof Uint32Array && weights instanceof Float32Array,
    'bsr1x4: wrong arrays',
  );
  return { counts, columns, weights };
}
