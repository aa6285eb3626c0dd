import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { checkRuns, packRuns, roundUp, runsOf } from './offsets.ts';

/**
 * All weights, column after column, run after run, so that the weights of an input that is zero at run time are never touched. Columns are
 * padded with zeros to four rows.
 *
 *     runs     i32 [2 + cols / length]      of columns at even distances (`packRuns`)
 *     weights  f32 [cols][⌈rows/4⌉·4]       │ column 0: r0 r1 r2 … │ column 1: … │
 */
export const columns: Format = {
  name: 'columns',
  description: 'all weights, by column: for dense layers after a ReLU, whose zero inputs are skipped',
  block: [4, 1],
  storesZeros: true,
  arrays: ['runs', 'weights'],

  count: (w) => (roundUp(w.rows, 4) / 4) * w.cols,

  bytes: (w, offsets) => 4 * packRuns(offsets).length + 4 * roundUp(w.rows, 4) * w.cols,

  pack(w, offsets) {
    const height = roundUp(w.rows, 4);
    const runs = runsOf(offsets);
    const weights = new Float32Array(height * w.cols);
    for (let r = 0; r < w.rows; r++) {
      for (let k = 0; k < w.cols; k++) weights[k * height + r] = w.data[r * w.cols + runs.order[k]];
    }
    return {
      format: 'columns',
      rows: w.rows,
      cols: w.cols,
      arrays: { runs: packRuns(offsets, runs), weights },
    };
  },

  unpack(p, offsets): Matrix {
    const { weights } = arrays(p);
    const { order } = runsOf(offsets);
    const height = roundUp(p.rows, 4);
    const data = new Float32Array(p.rows * p.cols);
    for (let r = 0; r < p.rows; r++) {
      for (let k = 0; k < p.cols; k++) data[r * p.cols + order[k]] = weights[k * height + r];
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { runs, weights } = arrays(p);
    checkRuns(runs, offsets, p.cols);
    const height = roundUp(p.rows, 4);
    assert(weights.length === height * p.cols, 'columns: wrong number of weights');
    for (let k = 0; k < p.cols; k++) {
      for (let r = p.rows; r < height; r++) {
        assert(weights[k * height + r] === 0, 'columns: padding rows are not zero');
      }
    }
  },
};

function arrays(p: Packed): { runs: Int32Array; weights: Float32Array } {
  const { runs, weights } = p.arrays;
  assert(runs instanceof Int32Array && weights instanceof Float32Array, 'columns: wrong arrays');
  return { runs, weights };
}
