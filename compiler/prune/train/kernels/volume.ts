/**
 * Gradients of three-dimensional convolution; the backend's own leave positions out.
 *
 * x [n, d, h, w, c], dy [n, od, oh, ow, oc], filter [kd, kh, kw, c, oc]; no dilations.
 */

import type { Tensor } from '@tensorflow/tfjs';
import { range } from '../../../ops/spatial.ts';
import { padSpatial, spread } from '../../../ops/spatial-tf.ts';
import type { Tf } from '../backend.ts';
import { convolutionFilter } from './filters.ts';
import type { Attrs, Inputs } from './kernel.ts';

/** dx = 'valid' convolution of dy, spread by the strides and framed, with the turned filter. */
export function volumeInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const info = geometry(tf, attrs.inputShape, filter.shape, attrs);
  const { front, top, left } = info.padInfo;
  const strides = [info.strideDepth, info.strideHeight, info.strideWidth];
  const apart = spread(tf, dy, strides, 1);
  const frame = [front, top, left].map((before, d): [number, number] => {
    const reach = filter.shape[d]! - 1;
    return [reach - before, attrs.inputShape[d + 1]! + before - apart.shape[d + 1]!];
  });
  const framed = padSpatial(tf, apart, frame);
  const turned = tf.transpose(tf.reverse(filter, [0, 1, 2]), [0, 1, 2, 4, 3]);
  return tf.conv3d(framed as never, turned as never, 1, 'valid');
}

/** Plane by plane of the filter: x at the depths that the plane sees, as images. */
export function volumeFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const [kd, kh, kw, c, oc] = attrs.filterShape as [number, number, number, number, number];
  const info = geometry(tf, x.shape, attrs.filterShape, attrs);
  const { front, back, top, bottom, left, right } = info.padInfo;
  const padded = padSpatial(tf, x, [
    [front, back],
    [top, bottom],
    [left, right],
  ]);
  const [n, , h, w] = padded.shape as [number, number, number, number];
  const [, od, oh, ow] = dy.shape as [number, number, number, number];
  const planes = range(0, kd).map((k) => {
    const depths = range(0, od).map((o) => o * info.strideDepth + k);
    const images = tf.reshape(tf.gather(padded, depths, 1), [n * od, h, w, c]);
    const plane = tf.backend_util.computeConv2DInfo(
      [n * od, h, w, c],
      [kh, kw, c, oc],
      [info.strideHeight, info.strideWidth],
      1,
      'valid',
    );
    return convolutionFilter(tf, images, tf.reshape(dy, [n * od, oh, ow, oc]), plane);
  });
  return tf.stack(planes);
}

type Five = [number, number, number, number, number];

const geometry = (tf: Tf, x: number[], filter: number[], { strides, pad }: Attrs) =>
  tf.backend_util.computeConv3DInfo(x as Five, filter as Five, strides, 1, pad);
