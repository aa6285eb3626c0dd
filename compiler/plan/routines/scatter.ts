import type { Routine } from './routine.ts';

/** By number: replace, add, multiply, max, min. */
const reductions: readonly ((old: number, update: number) => number)[] = [
  (_old, update) => update,
  (old, update) => old + update,
  (old, update) => old * update,
  Math.max,
  Math.min,
];

const wrap = (index: number, size: number) => (index < 0 ? index + size : index);

/** y = data; then y[base[i] + indices[i] · stride] takes updates[i]. Indices outside write nothing. */
export const scatterElements: Routine = {
  file: 'scatter',
  define([data, indices, base, updates], [y], [, count, size, stride, reduction]) {
    y.data.set(data.data);
    for (let i = 0; i < count; i++) {
      const k = wrap(indices.data[i], size);
      if (k < 0 || k >= size) continue;
      const at = base.data[i] + k * stride;
      y.data[at] = reductions[reduction](y.data[at], updates.data[i]);
    }
  },
};

/** y = data; then the block of `inner` elements at the tuple indices[j] over `dims` takes updates[j]. */
export const scatterND: Routine = {
  file: 'scatter',
  define([data, indices, dims, updates], [y], [, count, depth, inner, reduction]) {
    y.data.set(data.data);
    for (let j = 0; j < count; j++) {
      let block = 0;
      let inside = true;
      for (let d = 0; d < depth; d++) {
        const k = wrap(indices.data[j * depth + d], dims.data[d]);
        if (k < 0 || k >= dims.data[d]) inside = false;
        block = block * dims.data[d] + k;
      }
      for (let i = 0; inside && i < inner; i++) {
        const at = block * inner + i;
        y.data[at] = reductions[reduction](y.data[at], updates.data[j * inner + i]);
      }
    }
  },
};
