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
