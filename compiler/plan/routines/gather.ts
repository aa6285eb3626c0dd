import type { Routine } from './routine.ts';

/** Negative indices count from the end; what is still outside is clamped. */
const place = (index: number, size: number) =>
  Math.max(0, Math.min(index < 0 ? index + size : index, size - 1));

/** `inner` is in bytes: one element of `bytes` is the unit of the tensors here. */
const bytesOf = (data: ArrayBufferView & { BYTES_PER_ELEMENT?: number }) => data.BYTES_PER_ELEMENT ?? 1;

/** y[b, o, j] = data[b, o, indices[b, j]], blocks of `inner` bytes. */
export const gather: Routine = {
  file: 'gather',
  define([data, indices], [y], [batches, outer, size, count, bytes]) {
    const inner = bytes / bytesOf(data.data);
    let at = 0;
    for (let b = 0; b < batches; b++) {
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < count; j++) {
          const from = (b * outer + o) * size + place(indices.data[b * count + j], size);
          for (let i = 0; i < inner; i++) y.data[at++] = data.data[from * inner + i];
        }
      }
    }
  },
};

/** y[i] = data[base[i] + indices[i] · stride]. */
export const gatherElements: Routine = {
  file: 'gather',
  define([data, indices, base], [y], [count, size, stride]) {
    for (let i = 0; i < count; i++)
      y.data[i] = data.data[base.data[i] + place(indices.data[i], size) * stride];
  },
};

/** y[b, j] = data[b] at the index tuple indices[b, j] over `dims`, blocks of `inner` bytes. */
export const gatherND: Routine = {
  file: 'gather',
  define([data, indices, dims], [y], [batches, count, depth, bytes]) {
    const inner = bytes / bytesOf(data.data);
    const blocks = Array.from(dims.data).reduce((n, d) => n * d, 1);
    let at = 0;
    for (let j = 0; j < batches * count; j++) {
      let block = 0;
      for (let d = 0; d < depth; d++)
        block = block * dims.data[d] + place(indices.data[j * depth + d], dims.data[d]);
      block += Math.floor(j / count) * blocks;
      for (let i = 0; i < inner; i++) y.data[at++] = data.data[block * inner + i];
    }
  },
};
