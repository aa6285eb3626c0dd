/** Gradients of depthwise convolution. x [n, h, w, c], dy [n, oh, ow, c·m], filter [kh, kw, c, m]. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { convInfo, spread } from './convolution.ts';
import { type Attrs, fill, type Inputs } from './kernel.ts';

/** Channel by channel as for convolution; the m outputs of one input channel are summed. */
export function depthwiseInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, attrs.inputShape, filter.shape, attrs, true);
  const [kh, kw, c, m] = filter.shape as [number, number, number, number];
  const turned = tf.reshape(tf.reverse(filter, [0, 1]), [kh, kw, c * m, 1]) as Tensor4D;
  const framed = spread(tf, dy as Tensor4D, info);
  const dx = tf.depthwiseConv2d(framed, turned, 1, 'valid', 'NHWC', [
    info.dilationHeight,
    info.dilationWidth,
  ]);
  return m === 1 ? dx : tf.reshape(tf.sum(tf.reshape(dx, [-1, m]), 1), attrs.inputShape);
}

/** dfilter[ky, kx] = Σ over images and pixels of x, moved by (ky, kx)·d, times dy. */
export function depthwiseFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, x.shape, attrs.filterShape, attrs, true);
  const [kh, kw, c, m] = attrs.filterShape as [number, number, number, number];
  const { batchSize, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  return fill(tf, attrs.filterShape, [x, dy], (out, xs, g) => {
    const sum = new Float64Array(out.length);
    for (let n = 0; n < batchSize; n++) {
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++) {
          const o = ((n * outHeight + oy) * outWidth + ox) * c * m;
          for (let ky = 0; ky < kh; ky++) {
            const iy = oy * strideHeight + ky * dilationHeight - padInfo.top;
            if (iy < 0 || iy >= inHeight) continue;
            for (let kx = 0; kx < kw; kx++) {
              const ix = ox * strideWidth + kx * dilationWidth - padInfo.left;
              if (ix < 0 || ix >= inWidth) continue;
              const i = ((n * inHeight + iy) * inWidth + ix) * c;
              const f = (ky * kw + kx) * c * m;
              if (m === 1) for (let k = 0; k < c; k++) sum[f + k]! += xs[i + k]! * g[o + k]!;
              else for (let k = 0; k < c * m; k++) sum[f + k]! += xs[i + ((k / m) | 0)]! * g[o + k]!;
            }
          }
        }
      }
    }
    out.set(sum);
  });
}
