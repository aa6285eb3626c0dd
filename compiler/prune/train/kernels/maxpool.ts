/** Gradient of max pooling. The backend's own is wrong where windows overlap or leave rows over. */

import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { type Attrs, fill, type Inputs } from './kernel.ts';

/** dy [n, oh, ow, c] goes back to the first maximum of its window in x [n, h, w, c]. */
export function maxPoolInput(tf: Tf, { dy, input }: Inputs, attrs: Attrs): Tensor {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const shape = input.shape as [number, number, number, number];
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize, inChannels: c, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  // Of the window at hand, per channel: the largest value so far and where it lies.
  const top = new Float32Array(c);
  const at = new Int32Array(c);
  return fill(tf, shape, [input, dy], (dx, x, g) => {
    dx.fill(0);
    let o = 0;
    for (let n = 0; n < batchSize; n++) {
      for (let oy = 0; oy < outHeight; oy++) {
        const y = oy * info.strideHeight - padInfo.top;
        for (let ox = 0; ox < outWidth; ox++, o += c) {
          const left = ox * info.strideWidth - padInfo.left;
          top.fill(-Infinity);
          for (let iy = Math.max(y, 0); iy < Math.min(y + info.filterHeight, inHeight); iy++) {
            for (let ix = Math.max(left, 0); ix < Math.min(left + info.filterWidth, inWidth); ix++) {
              const i = ((n * inHeight + iy) * inWidth + ix) * c;
              for (let k = 0; k < c; k++) {
                if (x[i + k]! > top[k]!) {
                  top[k] = x[i + k]!;
                  at[k] = i + k;
                }
              }
            }
          }
          for (let k = 0; k < c; k++) dx[at[k]!]! += g[o + k]!;
        }
      }
    }
  });
}
