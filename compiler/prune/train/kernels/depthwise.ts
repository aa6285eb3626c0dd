/** Gradients of depthwise convolution. x [n, h, w, c], dy [n, oh, ow, c·m], filter [kh, kw, c, m]. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { convInfo, framed } from './convolution.ts';
import { depthwiseFilters } from './filters.ts';
import type { Attrs, Inputs } from './kernel.ts';

/** Channel by channel as for convolution; the m outputs of one input channel are summed. */
export function depthwiseInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, attrs.inputShape, filter.shape, attrs, true);
  const [kh, kw, c, m] = filter.shape as [number, number, number, number];
  const turned = tf.reshape(tf.reverse(filter, [0, 1]), [kh, kw, c * m, 1]) as Tensor4D;
  const { x, pad } = framed(tf, dy as Tensor4D, info);
  const dx = tf.depthwiseConv2d(x, turned, 1, pad as never, 'NHWC', [
    info.dilationHeight,
    info.dilationWidth,
  ]);
  return m === 1 ? dx : tf.reshape(tf.sum(tf.reshape(dx, [-1, m]), 1), attrs.inputShape);
}

/** The products of every channel of dy with its channel of x. */
export function depthwiseFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const [kh, kw, c, m] = attrs.filterShape as [number, number, number, number];
  const wide = repeat(tf, x as Tensor4D, m);
  const info = convInfo(tf, wide.shape, [kh, kw, c * m, 1], attrs, true);
  return tf.reshape(depthwiseFilters(tf, wide, dy, info), attrs.filterShape);
}

/** [n, h, w, c] → [n, h, w, c·m], every channel m times in a row. */
function repeat(tf: Tf, x: Tensor4D, m: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  return m === 1 ? x : tf.reshape(tf.matMul(tf.reshape(x, [-1, 1]), tf.ones([1, m])), [n, h, w, c * m]);
}
