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
  return fill(tf, shape, [input, dy], (dx, x, g) => {
    dx.fill(0);
    for (let n = 0; n < batchSize; n++) {
      for (let oy = 0; oy < outHeight; oy++) {
        const top = oy * info.strideHeight - padInfo.top;
        const y0 = Math.max(top, 0);
        const y1 = Math.min(top + info.filterHeight, inHeight);
        for (let ox = 0; ox < outWidth; ox++) {
          const left = ox * info.strideWidth - padInfo.left;
          const x0 = Math.max(left, 0);
          const x1 = Math.min(left + info.filterWidth, inWidth);
          const o = ((n * outHeight + oy) * outWidth + ox) * c;
          for (let k = 0; k < c; k++) {
            let best = ((n * inHeight + y0) * inWidth + x0) * c + k;
            for (let iy = y0; iy < y1; iy++) {
              for (let ix = x0; ix < x1; ix++) {
                const i = ((n * inHeight + iy) * inWidth + ix) * c + k;
                if (x[i]! > x[best]!) best = i;
              }
            }
            dx[best]! += g[o + k]!;
          }
        }
      }
    }
  });
}
