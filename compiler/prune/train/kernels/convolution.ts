/**
 * Gradients of convolution as convolutions, which the backend runs in XNNPACK.
 *
 * Notation: x [n, h, w, c], dy [n, oh, ow, oc], filter [kh, kw, c, oc]; stride s, dilation d.
 */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import type { Attrs, Inputs } from './kernel.ts';
import { crop, type Pads, place, reach } from './planes.ts';

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
  const run = (x: Tensor4D) => tf.conv2d(x, swapped, 1, 'valid', 'NHWC', [dilationHeight, dilationWidth]);
  // A 1×1 filter commutes with spreading, and is cheaper before it.
  const pointwise = filterHeight === 1 && filterWidth === 1;
  return fromNhwc(tf, pointwise ? spread(tf, run(g), info) : run(spread(tf, g, info)), info);
}

/**
 * dfilter = convolution of x with batch and channels swapped, dy being the filter; the stride becomes the dilation and
 * the dilation the stride: [c, h, w, n] ⊛ [oh, ow, n, oc] → [c, kh, kw, oc].
 */
export function convFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const info = convInfo(tf, x.shape, attrs.filterShape, attrs, false);
  const [kh, kw, c, oc] = attrs.filterShape as [number, number, number, number];
  const a = toNhwc(tf, x, info);
  const g = toNhwc(tf, dy, info);
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, outHeight, outWidth } = info;
  const { top, left } = info.padInfo;
  if (kh === 1 && kw === 1 && top === 0 && left === 0) {
    // Pooling over one pixel takes every s-th.
    const seen = crop(tf, tf.maxPool(a, 1, [strideHeight, strideWidth], 'valid'), outHeight, outWidth);
    return tf.reshape(tf.matMul(tf.reshape(seen, [-1, c]), tf.reshape(g, [-1, oc]), true), attrs.filterShape);
  }
  const below = reach(outHeight, strideHeight, kh, dilationHeight) - info.inHeight - top;
  const right = reach(outWidth, strideWidth, kw, dilationWidth) - info.inWidth - left;
  const pads: Pads = [
    [0, 0],
    [top, Math.max(below, 0)],
    [left, Math.max(right, 0)],
    [0, 0],
  ];
  const full = tf.conv2d(
    tf.transpose(a, [3, 1, 2, 0]),
    tf.transpose(g, [1, 2, 0, 3]),
    [dilationHeight, dilationWidth],
    pads as never,
    'NHWC',
    [strideHeight, strideWidth],
  );
  // Input rows that no window reaches give rows past the filter.
  return tf.transpose(crop(tf, full, kh, kw), [1, 2, 0, 3]);
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
