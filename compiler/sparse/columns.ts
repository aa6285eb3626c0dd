import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { columnsByOffset, roundUp } from './offsets.ts';

/**
 * All weights, column after column, so that the weights of an input that is zero at run time are never touched. Columns are padded
 * with zeros to four rows.
 *
 *     offsets  i32 [cols]                   byte offset of column k
 *     weights  f32 [cols][⌈rows/4⌉·4]       │ column 0: r0 r1 r2 … │ column 1: … │
 */
export const columns: Format = {
  name: 'columns',
  description: 'all weights, by column: for dense layers after a ReLU, whose zero inputs are skipped',
  block: [4, 1],
  storesZeros: true,
  arrays: ['offsets', 'weights'],

  count: (w) => (roundUp(w.rows, 4) / 4) * w.cols,

  bytes: (w) => 4 * w.cols + 4 * roundUp(w.rows, 4) * w.cols,

  pack(w, offsets) {
    const height = roundUp(w.rows, 4);
    const weights = new Float32Array(height * w.cols);
    for (let r = 0; r < w.rows; r++) {
      for (let k = 0; k < w.cols; k++) weights[k * height + r] = w.data[r * w.cols + k];
    }
    return { format: 'columns', rows: w.rows, cols: w.cols, arrays: { offsets: offsets.slice(), weights } };
  },

  unpack(p): Matrix {
    const { weights } = arrays(p);
    const height = roundUp(p.rows, 4);
    const data = new Float32Array(p.rows * p.cols);
    for (let r = 0; r < p.rows; r++) {
      for (let k = 0; k < p.cols; k++) data[r * p.cols + k] = weights[k * height + r];
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const packed = arrays(p);
    columnsByOffset(offsets, p.cols);
    const height = roundUp(p.rows, 4);
    assert(
      packed.offsets.length === p.cols && packed.offsets.every((o, k) => o === offsets[k]),
      'columns: wrong offsets',
    );
    assert(packed.weights.length === height * p.cols, 'columns: wrong number of weights');
    for (let k = 0; k < p.cols; k++) {
      for (let r = p.rows; r < height; r++) {
        assert(packed.weights[k * height + r] === 0, 'columns: padding rows are not zero');
      }
    }
  },
};

function arrays(p: Packed): { offsets: Int32Array; weights: Float32Array } {
  const { offsets, weights } = p.arrays;
  assert(offsets instanceof Int32Array && weights instanceof Float32Array, 'columns: wrong arrays');
  return { offsets, weights };
}
