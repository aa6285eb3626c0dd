import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { columnsByOffset } from './offsets.ts';

/**
 * Blocks of `height` rows in one column; a block is kept if any of its weights is not zero. Rows of a last, incomplete group are
 * zero and no kernel stores them. Blocks of a group ascend in column.
 *
 *     counts   u32 [⌈rows/height⌉]        blocks of each group of rows
 *     columns  u32 [blocks]               byte offset of the column
 *     weights  f32 [blocks][height]       │ r0 r1 … │ r0 r1 … │
 */
function verticalBlocks(height: 2 | 4): Format {
  const name = `bsr${height}x1`;
  const groups = (w: Matrix) => Math.ceil(w.rows / height);
  const kept = (w: Matrix, group: number, k: number) => {
    const end = Math.min(w.rows, (group + 1) * height);
    for (let r = group * height; r < end; r++) if (w.data[r * w.cols + k] !== 0) return true;
    return false;
  };

  const format: Format = {
    name,
    description: `blocks of ${height} rows × 1 column: ${4 * height + 4} bytes per block kept`,
    block: [height, 1],
    arrays: ['counts', 'columns', 'weights'],

    count(w) {
      let n = 0;
      for (let g = 0; g < groups(w); g++) for (let k = 0; k < w.cols; k++) if (kept(w, g, k)) n++;
      return n;
    },

    bytes: (w) => 4 * groups(w) + (4 + 4 * height) * format.count(w),

    pack(w, offsets) {
      const blocks = format.count(w);
      const counts = new Uint32Array(groups(w));
      const columns = new Uint32Array(blocks);
      const weights = new Float32Array(blocks * height);
      let at = 0;
      for (let g = 0; g < counts.length; g++) {
        for (let k = 0; k < w.cols; k++) {
          if (!kept(w, g, k)) continue;
          for (let i = 0; i < height && g * height + i < w.rows; i++) {
            weights[at * height + i] = w.data[(g * height + i) * w.cols + k];
          }
          columns[at++] = offsets[k];
          counts[g]++;
        }
      }
      return { format: name, rows: w.rows, cols: w.cols, arrays: { counts, columns, weights } };
    },

    unpack(p, offsets) {
      const { counts, columns, weights } = arrays(p);
      const byOffset = columnsByOffset(offsets, p.cols);
      const data = new Float32Array(p.rows * p.cols);
      let at = 0;
      for (let g = 0; g < counts.length; g++) {
        for (const end = at + counts[g]; at < end; at++) {
          const k = byOffset.get(columns[at])!;
          for (let i = 0; i < height && g * height + i < p.rows; i++) {
            data[(g * height + i) * p.cols + k] = weights[at * height + i];
          }
        }
      }
      return { rows: p.rows, cols: p.cols, data };
    },

    validate(p, offsets) {
      const { counts, columns, weights } = arrays(p);
      const byOffset = columnsByOffset(offsets, p.cols);
      assert(counts.length === Math.ceil(p.rows / height), `${name}: wrong number of counts`);
      assert(weights.length === columns.length * height, `${name}: wrong number of weights`);
      let at = 0;
      for (let g = 0; g < counts.length; g++) {
        const end = at + counts[g];
        assert(end <= columns.length, `${name}: group ${g} runs past the blocks`);
        for (let last = -1; at < end; at++) {
          const k = byOffset.get(columns[at]) ?? -1;
          assert(k > last, `${name}: group ${g} has an unknown or unordered offset ${columns[at]}`);
          last = k;
          for (let i = p.rows - g * height; i < height; i++) {
            assert(weights[at * height + i] === 0, `${name}: padding rows are not zero`);
          }
        }
      }
      assert(at === columns.length, `${name}: blocks beyond the last group`);
    },
  };
  return format;

  function arrays(p: Packed): { counts: Uint32Array; columns: Uint32Array; weights: Float32Array } {
    const { counts, columns, weights } = p.arrays;
    assert(
      counts instanceof Uint32Array && columns instanceof Uint32Array && weights instanceof Float32Array,
      `${name}: wrong arrays`,
    );
    return { counts, columns, weights };
  }
}

export const bsr4x1 = verticalBlocks(4);
export const bsr2x1 = verticalBlocks(2);
