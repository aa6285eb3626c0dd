/**
 * Gradients of convolution as convolutions, which the backend runs in XNNPACK.
 *
 * Notation: x [n, h, w, c], dy [n, oh, ow, oc], filter [kh, kw, c, oc]; stride s, dilation d.
 */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import { convolutionFilter } from './filters.ts';
import type { Attrs, Inputs } from './kernel.ts';
import { type Pads, place } from './planes.ts';

/** Geometry of one convolution. */
export type ConvInfo = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

/**
 * dx = 'valid' convolution of dy, spread by the stride and framed by (k − 1)·d − pad, with the filter turned by 180°
 * and its channels swapped.
 */
export function convInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, attrs.inputShape, filter.shape, attrs, false);
  const swapped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
  const g = toNhwc(tf, dy, info);
  const { filterHeight, filterWidth, dilationHeight, dilationWidth } = info;
  const run = (x: Tensor4D, pad: Pads | 'valid') =>
    tf.conv2d(x, swapped, 1, pad as never, 'NHWC', [dilationHeight, dilationWidth]);
  // A 1×1 filter commutes with spreading, and is cheaper before it.
  const pointwise = filterHeight === 1 && filterWidth === 1;
  if (pointwise) return fromNhwc(tf, spread(tf, run(g, 'valid'), info), info);
  const { x, pad } = framed(tf, g, info);
  return fromNhwc(tf, run(x, pad), info);
}

export function convFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, x.shape, attrs.filterShape, attrs, false);
  return convolutionFilter(tf, toNhwc(tf, x, info), toNhwc(tf, dy, info), info);
}

/** `spread`, or dy itself and the pads that make it the same. */
export function framed(tf: Tf, dy: Tensor4D, info: ConvInfo): { x: Tensor4D; pad: Pads | 'valid' } {
  const { top, left } = info.padInfo;
  const pad: Pads = [
    [0, 0],
    [(info.filterHeight - 1) * info.dilationHeight - top, info.inHeight + top - info.outHeight],
    [(info.filterWidth - 1) * info.dilationWidth - left, info.inWidth + left - info.outWidth],
    [0, 0],
  ];
  const whole = info.strideHeight === 1 && info.strideWidth === 1 && pad.flat().every((n) => n >= 0);
  return whole ? { x: dy, pad } : { x: spread(tf, dy, info), pad: 'valid' };
}

/** dy where its 'valid' stride-1 convolution with the filter has the extent of the input. */
export function spread(tf: Tf, dy: Tensor4D, info: ConvInfo): Tensor4D {
  const rows = (info.filterHeight - 1) * info.dilationHeight;
  const columns = (info.filterWidth - 1) * info.dilationWidth;
  return place(
    tf,
    dy,
    [rows - info.padInfo.top, columns - info.padInfo.left],
    [info.strideHeight, info.strideWidth],
    [info.inHeight + rows, info.inWidth + columns],
  );
}

export function convInfo(tf: Tf, x: number[], filter: number[], attrs: Attrs, depthwise: boolean): ConvInfo {
  const { strides, dilations, pad, dimRoundingMode, dataFormat } = attrs;
  return tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC'),
  );
}

const toNhwc = (tf: Tf, x: Tensor, info: ConvInfo): Tensor4D =>
  (info.dataFormat === 'channelsFirst' ? tf.transpose(x, [0, 2, 3, 1]) : x) as Tensor4D;

const fromNhwc = (tf: Tf, x: Tensor4D, info: ConvInfo): Tensor =>
  info.dataFormat === 'channelsFirst' ? tf.transpose(x, [0, 3, 1, 2]) : x;
