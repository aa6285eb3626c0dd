import { assert } from '../errors.ts';

/** Byte offset → column. Throws `InternalError` unless there are `cols` distinct offsets. */
export function columnsByOffset(offsets: Int32Array, cols: number): Map<number, number> {
  assert(offsets.length === cols, `${offsets.length} offsets for ${cols} columns`);
  const columns = new Map<number, number>();
  for (let k = 0; k < cols; k++) columns.set(offsets[k], k);
  assert(columns.size === cols, 'column offsets are not distinct');
  return columns;
}

export const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Columns in order of their offsets. */
export const ascending = (offsets: Int32Array): number[] =>
  Array.from(offsets.keys()).sort((a, b) => offsets[a] - offsets[b]);

/** Columns as runs of one length, each at the same even distances. */
export interface Runs {
  readonly length: number;
  /** Bytes from one column of a run to the next. */
  readonly step: number;
  /** All columns, run after run; the first columns of the runs ascend. */
  readonly order: readonly number[];
}

/** The longest runs in which all columns lie; runs of one column where there are no longer ones. */
export function runsOf(offsets: Int32Array): Runs {
  const sorted = ascending(offsets);
  const at = Float64Array.from(sorted, (k) => offsets[k]);
  const n = at.length;
  for (let runs = 1; 2 * runs <= n; runs++) {
    if (n % runs !== 0) continue;
    const step = at[runs] - at[0];
    if (!at.every((o, i) => i < runs || o - at[i - runs] === step)) continue;
    const length = n / runs;
    const order = sorted.map((_, i) => sorted[(i % length) * runs + Math.floor(i / length)]);
    return { length, step, order };
  }
  return { length: 1, step: 0, order: sorted };
}

/** The runs as kernels read them: columns of a run, bytes from one to the next, byte offset of the first column of each. */
export function packRuns(offsets: Int32Array, { length, step, order } = runsOf(offsets)): Int32Array {
  const firsts = order.filter((_, i) => i % length === 0);
  return Int32Array.from([length, step, ...firsts.map((k) => offsets[k])]);
}

/** Throws `InternalError` unless the packed runs are those of the columns, `cols` distinct ones. */
export function checkRuns(runs: Int32Array, offsets: Int32Array, cols: number): void {
  columnsByOffset(offsets, cols);
  const expected = packRuns(offsets);
  assert(runs.length === expected.length && runs.every((n, i) => n === expected[i]), 'wrong runs of columns');
}
