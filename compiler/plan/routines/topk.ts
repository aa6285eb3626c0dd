import type { Routine } from './routine.ts';

/** The k largest (or smallest) of each row of n, best first; of equal ones the first. */
export const topK: Routine = {
  file: 'topk',
  define([x], [values, places], [count, n, k, largest]) {
    for (let r = 0; r < count; r++) {
      const row = Array.from(x.data.subarray(r * n, (r + 1) * n), (v, i) => ({ v, i }));
      row.sort((p, q) => (largest ? q.v - p.v : p.v - q.v) || p.i - q.i);
      for (let j = 0; j < k; j++) {
        values.data[r * k + j] = row[j].v;
        places.data[r * k + j] = row[j].i;
      }
    }
  },
};
