/** Slices within the heap. The backend's own first copies the whole input out of it. */

import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { type Attrs, fill, type Inputs } from './kernel.ts';

/** x[begin : begin + size], a size of -1 reaching to the end. */
export function slice(tf: Tf, { x }: Inputs, attrs: Attrs): Tensor | undefined {
  const [begin, size] = tf.slice_util.parseSliceParams(x, attrs.begin, attrs.size);
  tf.slice_util.assertParamsValid(x, begin, size);
  if (x.dtype !== 'float32' || x.rank === 0 || size.includes(0)) return undefined;
  const { shape } = x;
  // The last axis that is cut: from here on the slice lies in whole runs.
  let cut = shape.length - 1;
  while (cut > 0 && size[cut] === shape[cut]) cut--;
  const inner = tf.util.sizeFromShape(shape.slice(cut + 1));
  const run = size[cut]! * inner;
  return fill(tf, size, [x], (out, from) => {
    for (let at = 0, row = 0; at < out.length; at += run, row++) {
      let offset = begin[cut]! * inner;
      let block = shape[cut]! * inner;
      for (let axis = cut - 1, rest = row; axis >= 0; axis--) {
        const i = rest % size[axis]!;
        rest = (rest - i) / size[axis]!;
        offset += (begin[axis]! + i) * block;
        block *= shape[axis]!;
      }
      if (run > 32) out.set(from.subarray(offset, offset + run), at);
      else for (let k = 0; k < run; k++) out[at + k] = from[offset + k]!;
    }
  });
}
