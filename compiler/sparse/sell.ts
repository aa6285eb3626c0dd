import { assert } from '../errors.ts';
import type { Format, Matrix, Packed } from './format.ts';
import { columnsByOffset } from './offsets.ts';

/** A step holds one entry of each of the four rows of a slice. */
const stepWords = 6;

/**
 * Sliced ELLPACK (Monakov et al., 2010): rows sorted by length, four of them side by side in the lanes of a vector. Shorter rows of a
 * slice end in zero weights at their last column (an empty row: at the column with the smallest offset). Lanes of a last,
 * incomplete slice have the row 2³² − 1. Entries of a row ascend in column; longer rows come first.
 *
 *     order    u32 [slices][4]      the row of each lane
 *     counts   u32 [slices]         steps of each slice
 *     entries  [steps]              │ u16 index × 4 │ f32 weight × 4 │ …      index: byte offset of the column / 4
 */
export const sell4: Format = {
  name: 'sell4',
  description: 'four rows side by side, for dense layers with any pattern of zeros: 6 bytes per weight kept',
  block: [1, 1],
  arrays: ['order', 'counts', 'entries'],

  fits: (_, offsets) => offsets.every((o) => o >= 0 && o < 4 * 65536 && o % 4 === 0),

  count: ({ data }) => {
    let n = 0;
    for (const v of data) if (v !== 0) n++;
    return n;
  },

  bytes(w) {
    const { slices } = sortedRows(w);
    return slices.reduce((bytes, rows) => bytes + 20 + 4 * stepWords * rows[0].length, 0);
  },

  pack(w, offsets) {
    const { slices, order } = sortedRows(w);
    const counts = Uint32Array.from(slices, (rows) => rows[0].length);
    const entries = new Uint32Array(stepWords * counts.reduce((a, b) => a + b, 0));
    const halves = new Uint16Array(entries.buffer);
    const weights = new Float32Array(entries.buffer);
    const first = offsets.reduce((a, b) => Math.min(a, b), offsets[0]);
    let at = 0;
    slices.forEach((rows, s) => {
      for (let i = 0; i < counts[s]; i++, at += stepWords) {
        rows.forEach((columns, lane) => {
          const k = columns[Math.min(i, columns.length - 1)];
          halves[2 * at + lane] = (k === undefined ? first : offsets[k]) / 4;
          if (i < columns.length) weights[at + 2 + lane] = w.data[order[4 * s + lane] * w.cols + k];
        });
      }
    });
    return { format: 'sell4', rows: w.rows, cols: w.cols, arrays: { order, counts, entries } };
  },

  unpack(p, offsets): Matrix {
    const { order, counts, entries } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    const halves = new Uint16Array(entries.buffer, entries.byteOffset, 2 * entries.length);
    const weights = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
    const data = new Float32Array(p.rows * p.cols);
    let at = 0;
    for (let s = 0; s < counts.length; s++) {
      for (const end = at + stepWords * counts[s]; at < end; at += stepWords) {
        for (let lane = 0; lane < 4; lane++) {
          const value = weights[at + 2 + lane];
          if (value !== 0)
            data[order[4 * s + lane] * p.cols + columns.get(4 * halves[2 * at + lane])!] = value;
        }
      }
    }
    return { rows: p.rows, cols: p.cols, data };
  },

  validate(p, offsets) {
    const { order, counts, entries } = arrays(p);
    const columns = columnsByOffset(offsets, p.cols);
    const slices = Math.ceil(p.rows / 4);
    assert(counts.length === slices && order.length === 4 * slices, 'sell4: wrong number of slices');
    assert(new Set(order.subarray(0, p.rows)).size === p.rows, 'sell4: a row comes twice');
    order.forEach((row, i) => {
      assert(i < p.rows ? row < p.rows : row === NO_ROW, `sell4: lane ${i} has the row ${row}`);
    });
    const halves = new Uint16Array(entries.buffer, entries.byteOffset, 2 * entries.length);
    const weights = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
    let at = 0;
    for (let s = 0; s < slices; s++) {
      const start = at;
      at += stepWords * counts[s];
      assert(at <= entries.length, `sell4: slice ${s} runs past the entries`);
      for (let lane = 0; lane < 4; lane++) {
        let last = -1;
        for (let i = start, ended = false; i < at; i += stepWords) {
          const k = columns.get(4 * halves[2 * i + lane]) ?? -1;
          ended ||= weights[i + 2 + lane] === 0;
          assert(k >= 0 && (ended || k > last), `sell4: slice ${s} has an unknown or unordered index`);
          assert(!ended || weights[i + 2 + lane] === 0, `sell4: slice ${s} has a weight after its end`);
          last = k;
        }
      }
    }
    assert(at === entries.length, 'sell4: entries beyond the last slice');
  },
};

const NO_ROW = 0xffffffff;

/** The kept columns of every row, longest row first, in groups of four. */
function sortedRows(w: Matrix): { slices: number[][][]; order: Uint32Array } {
  const kept = Array.from({ length: w.rows }, (_, r) => {
    const columns: number[] = [];
    for (let k = 0; k < w.cols; k++) if (w.data[r * w.cols + k] !== 0) columns.push(k);
    return columns;
  });
  const sorted = kept.map((_, r) => r).sort((a, b) => kept[b].length - kept[a].length || a - b);
  const order = new Uint32Array(4 * Math.ceil(w.rows / 4)).fill(NO_ROW);
  order.set(sorted);
  const slices: number[][][] = [];
  for (let r = 0; r < order.length; r += 4) {
    slices.push([0, 1, 2, 3].map((lane) => kept[order[r + lane]] ?? []));
  }
  return { slices, order };
}

function arrays(p: Packed): { order: Uint32Array; counts: Uint32Array; entries: Uint32Array } {
  const { order, counts, entries } = p.arrays;
  assert(
    order instanceof Uint32Array && counts instanceof Uint32Array && entries instanceof Uint32Array,
    'sell4: wrong arrays',
  );
  return { order, counts, entries };
}
