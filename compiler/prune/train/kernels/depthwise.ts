/** Gradients of depthwise convolution. x [n, h, w, c], dy [n, oh, ow, c·m], filter [kh, kw, c, m]. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { convInfo, spread } from './convolution.ts';
import type { Attrs, Inputs } from './kernel.ts';
import { place, reach } from './planes.ts';

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

/**
 * For every filter position the product of dy with x moved by it, summed over images and pixels. Both lie in planes of
 * one geometry, so that moving is a contiguous slice:
 *
 * ```
 *   x, framed    [n, h, w, c·m]    read as one run from (ky·w + kx)·d on
 *   dy, spread   [n, h, w, c·m]    zero where there is no output
 * ```
 */
export function depthwiseFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, x.shape, attrs.filterShape, attrs, true);
  const [kh, kw, c, m] = attrs.filterShape as [number, number, number, number];
  const { batchSize: n, outHeight, outWidth, padInfo } = info;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const h = reach(outHeight, strideHeight, kh, dilationHeight);
  const w = reach(outWidth, strideWidth, kw, dilationWidth);
  const framed = place(tf, x as Tensor4D, [padInfo.top, padInfo.left], [1, 1], [h, w]);
  const spread = place(tf, dy as Tensor4D, [0, 0], [strideHeight, strideWidth], [h, w]);
  const end = (kh - 1) * dilationHeight * w + (kw - 1) * dilationWidth;
  const run = tf.pad(tf.reshape(repeat(tf, framed, m), [n * h * w, c * m]), [
    [0, end],
    [0, 0],
  ]);
  const sums: Tensor[] = [];
  for (let ky = 0; ky < kh; ky++) {
    for (let kx = 0; kx < kw; kx++) {
      const at = ky * dilationHeight * w + kx * dilationWidth;
      sums.push(
        tf.tidy(() => {
          const moved = tf.reshape(tf.slice(run, [at, 0], [n * h * w, c * m]), [n, h, w, c * m]);
          return sumPixels(tf, tf.mul(moved, spread));
        }),
      );
    }
  }
  return tf.reshape(tf.stack(sums), attrs.filterShape);
}

/** [n, h, w, c] → [c]. Pooling takes the mean of a plane, fast and in short partial sums. */
function sumPixels(tf: Tf, x: Tensor4D): Tensor {
  const [, h, w] = x.shape;
  return tf.mul(tf.sum(tf.avgPool(x, [h, w], 1, 'valid'), [0, 1, 2]), h * w);
}

/** [n, h, w, c] → [n, h, w, c·m], every channel m times in a row. */
function repeat(tf: Tf, x: Tensor4D, m: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  return m === 1 ? x : tf.reshape(tf.matMul(tf.reshape(x, [-1, 1]), tf.ones([1, m])), [n, h, w, c * m]);
}
