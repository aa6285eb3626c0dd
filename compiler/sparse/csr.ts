import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { columnsByOffset } from './offsets.ts';

/**
 * Compressed sparse rows. A column is the byte offset of its first pixel, and lies beside its weight, in the same cache line.
 * Entries of a row ascend in column.
 *
 *     counts   u16 [rows]       │ n0 │ n1 │ …
 *     entries  u32 [2 · nnz]    │ offset, f32 bits │ offset, f32 bits │ …   row 0 (n0 entries), row 1, …
 */
export const csr: Format = {
  name: 'csr',
  description: 'compressed sparse rows: any pattern of zeros, 8 bytes per weight kept',
  block: [1, 1],
  arrays: ['counts', 'entries'],

  fits: (w) => w.cols < 65536,

  count: ({ data }) => {
    let n = 0;
    for (const v of data) if (v !== 0) n++;
    return n;
  },

  bytes: (w) => 2 * w.rows + 8 * csr.count(w),

  pack(w, offsets) {
    const counts = new Uint16Array(w.rows);
    const entries = new Uint32Array(2 * csr.count(w));
    const bits = new Uint32Array(w.data.buffer, w.data.byteOffset, w.data.length);
    let at = 0;
    for (let r = 0; r < w.rows; r++) {
      for (let k = 0; k < w.cols; k++) {
        const i = r * w.cols + k;
        if (w.data[i] === 0) continue;
        entries[at++] = offsets[k];
        entries[at++] = bits[i];
        counts[r]++;
      }
    }
    return { format: 'csr', rows: w.rows, cols: w.cols, arrays: { counts, entries } };
  },

  unpack(p, offsets): Matrix {
    const { counts, entries } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    const weights = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
    const data = new Float32Array(p.rows * p.cols);
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      for (const end = at + 2 * counts[r]; at < end; at += 2) {
        data[r * p.cols + columns.get(entries[at])!] = weights[at + 1];
      }
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { counts, entries } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    assert(counts.length === p.rows, `csr: ${counts.length} counts for ${p.rows} rows`);
    let at = 0;
    for (let r = 0; r < p.rows; r++) {
      const end = at + 2 * counts[r];
      assert(end <= entries.length, `csr: row ${r} runs past the entries`);
      for (let last = -1; at < end; at += 2) {
        const k = columns.get(entries[at]) ?? -1;
        assert(k > last, `csr: row ${r} has an unknown or unordered offset ${entries[at]}`);
        last = k;
      }
    }
    assert(at === entries.length, 'csr: entries beyond the last row');
  },
};

function arrays(p: Packed): { counts: Uint16Array; entries: Uint32Array } {
  const { counts, entries } = p.arrays;
  assert(counts instanceof Uint16Array && entries instanceof Uint32Array, 'csr: wrong arrays');
  return { counts, entries };
}
