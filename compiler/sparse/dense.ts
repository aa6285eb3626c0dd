import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { checkRuns, packRuns, roundUp, runsOf } from './offsets.ts';

/**
 * All weights, in panels of four rows. A last panel that is not full holds zero rows, which no kernel stores. Columns stand run after run.
 *
 *     runs     i32 [2 + cols / length]  of columns at even distances (`packRuns`)
 *     weights  f32 [⌈rows/4⌉][cols][4]
 *
 *              k=0          k=1
 *     panel 0  │r0 r1 r2 r3│r0 r1 r2 r3│ …
 *     panel 1  │r4 r5 r6 r7│ …
 */
export const dense: Format = {
  name: 'dense',
  description: 'all weights, zeros included',
  block: [4, 1],
  storesZeros: true,
  arrays: ['runs', 'weights'],

  count: (w) => (roundUp(w.rows, 4) / 4) * w.cols,

  bytes: (w, offsets) => 4 * packRuns(offsets).length + 4 * roundUp(w.rows, 4) * w.cols,

  pack(w, offsets) {
    const runs = runsOf(offsets);
    const weights = new Float32Array(roundUp(w.rows, 4) * w.cols);
    for (let r = 0; r < w.rows; r++) {
      for (let k = 0; k < w.cols; k++) weights[position(r, k, w.cols)] = w.data[r * w.cols + runs.order[k]];
    }
    return {
      format: 'dense',
      rows: w.rows,
      cols: w.cols,
      arrays: { runs: packRuns(offsets, runs), weights },
    };
  },

  unpack(p, offsets): Matrix {
    const { weights } = arrays(p);
    const { order } = runsOf(offsets);
    const data = new Float32Array(p.rows * p.cols);
    for (let r = 0; r < p.rows; r++) {
      for (let k = 0; k < p.cols; k++) data[r * p.cols + order[k]] = weights[position(r, k, p.cols)];
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { runs, weights } = arrays(p);
    checkRuns(runs, offsets, p.cols);
    assert(weights.length === roundUp(p.rows, 4) * p.cols, 'dense: wrong number of weights');
    for (let r = p.rows; r < roundUp(p.rows, 4); r++) {
      for (let k = 0; k < p.cols; k++) {
        assert(weights[position(r, k, p.cols)] === 0, 'dense: padding rows are not zero');
      }
    }
  },
};

const position = (r: number, k: number, cols: number) => ((r >> 2) * cols + k) * 4 + (r & 3);

function arrays(p: Packed): { runs: Int32Array; weights: Float32Array } {
  const { runs, weights } = p.arrays;
  assert(runs instanceof Int32Array && weights instanceof Float32Array, 'dense: wrong arrays');
  return { runs, weights };
}
