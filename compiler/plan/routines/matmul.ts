import type { Routine } from './routine.ts';

/**
 * `outer` × `inner` products of m × k and k × n matrices; y is row-major. Per operand: the first element and the strides, in
 * elements, of outer batch, inner batch, row and column.
 */
export const matmul: Routine = {
  file: 'matmul',
  define(
    [a, b],
    [y],
    [outer, inner, m, n, k, aAt, aOuter, aInner, aRow, aCol, bAt, bOuter, bInner, bRow, bCol],
  ) {
    let at = 0;
    for (let p = 0; p < outer; p++) {
      for (let q = 0; q < inner; q++) {
        const left = aAt + p * aOuter + q * aInner;
        const right = bAt + p * bOuter + q * bInner;
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let t = 0; t < k; t++) {
              sum += a.data[left + i * aRow + t * aCol] * b.data[right + t * bRow + j * bCol];
            }
            y.data[at++] = sum;
          }
        }
      }
    }
  },
};
