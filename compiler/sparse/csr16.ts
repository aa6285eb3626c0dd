import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { ascending, columnsByOffset } from './offsets.ts';

/**
 * Compressed sparse rows with narrow columns: an entry says how many floats it lies behind the one before in its row, the first how
 * many behind the input. Entries of a row ascend in offset.
 *
 *     counts   u16 [rows]       │ n0 │ n1 │ …
 *     steps    u16 [nnz]        row 0 (n0 entries), row 1, …
 *     weights  f32 [nnz]
 */
export const csr16: Format = {
  name: 'csr16',
  description: 'compressed sparse rows with narrow columns: any pattern of zeros, 6 bytes per weight kept',
  block: [1, 1],
  arrays: ['counts', 'steps', 'weights'],

  fits(w, offsets) {
    if (w.cols >= 65536 || offsets.some((o) => o < 0 || o % 4 !== 0)) return false;
    const order = ascending(offsets);
    for (let r = 0; r < w.rows; r++) {
      let last = 0;
      for (const k of order) {
        if (w.data[r * w.cols + k] === 0) continue;
        if (offsets[k] - last >= 4 * 65536) return false;
        last = offsets[k];
      }
    }
    return true;
  },

  count: ({ data }) => {
    let n = 0;
    for (const v of data) if (v !== 0) n++;
    return n;
  },

  bytes: (w) => 2 * w.rows + 6 * csr16.count(w),

  pack(w, offsets) {
    const nnz = csr16.count(w);
    const counts = new Uint16Array(w.rows);
    const steps = new Uint16Array(nnz);
    const weights = new Float32Array(nnz);
    const order = ascending(offsets);
    let at = 0;
    for (let r = 0; r < w.rows; r++) {
      let last = 0;
      for (const k of order) {
        const value = w.data[r * w.cols + k];
        if (value === 0) continue;
        steps[at] = (offsets[k] - last) / 4;
        weights[at++] = value;
        last = offsets[k];
        counts[r]++;
      }
    }
    return { format: 'csr16', rows: w.rows, cols: w.cols, arrays: { counts, steps, weights } };
  },

  unpack(p, offsets): Matrix {
    const { counts, steps, weights } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    const data = new Float32Array(p.rows * p.cols);
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      let offset = 0;
      for (const end = at + counts[r]; at < end; at++) {
        offset += 4 * steps[at];
        data[r * p.cols + columns.get(offset)!] = weights[at];
      }
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { counts, steps, weights } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    assert(counts.length === p.rows, `csr16: ${counts.length} counts for ${p.rows} rows`);
    assert(steps.length === weights.length, 'csr16: a step for every weight');
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      const end = at + counts[r];
      assert(end <= steps.length, `csr16: row ${r} runs past the entries`);
      for (let offset = 0, first = true; at < end; at++, first = false) {
        assert(first || steps[at] > 0, `csr16: row ${r} has a column twice`);
        offset += 4 * steps[at];
        assert(columns.has(offset), `csr16: row ${r} has an unknown offset ${offset}`);
      }
    }
    assert(at === steps.length, 'csr16: entries beyond the last row');
  },
};

function arrays(p: Packed): { counts: Uint16Array; steps: Uint16Array; weights: Float32Array } {
  const { counts, steps, weights } = p.arrays;
  assert(
    counts instanceof Uint16Array && steps instanceof Uint16Array && weights instanceof Float32Array,
    'csr16: wrong arrays',
  );
  return { counts, steps, weights };
}
