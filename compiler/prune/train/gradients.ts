/**
 * Gradient kernels that the wasm backend of TensorFlow.js lacks or has only in a slow form, composed of the kernels that
 * it has in XNNPACK: convolution, depthwise convolution, matrix product, pooling.
 *
 * Notation: x [n, h, w, c], dy [n, oh, ow, oc], filter [kh, kw, c, oc]; stride s, dilation d.
 */

import type { KernelFunc, Rank, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from './backend.ts';

type Pads = [[number, number], [number, number], [number, number], [number, number]];
type Inputs = Record<string, Tensor>;
// biome-ignore lint/suspicious/noExplicitAny: the attributes of a kernel are typed by its name only
type Attrs = any;
type Kernel = (tf: Tf, inputs: Inputs, attrs: Attrs) => Tensor;
/** Geometry of one convolution, from `backend_util.computeConv2DInfo`. */
type ConvInfo = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

/**
 * Kernels of ours: missing from the backend, slow there in every case, or wrong there (max pooling whose windows leave
 * rows over or overlap; resizing).
 */
const added: Record<string, Kernel> = {
  Conv2DBackpropInput: convInput,
  Conv2DBackpropFilter: convFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseInput,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilter,
  MaxPoolGrad: maxPool,
  ResizeBilinearGrad: (tf, inputs, attrs) => resize(tf, tf.image.resizeBilinear, inputs, attrs),
  ResizeNearestNeighborGrad: (tf, inputs, attrs) => resize(tf, tf.image.resizeNearestNeighbor, inputs, attrs),
  UnsortedSegmentSum: segmentSum,
};

/** Kernels that take over from the backend's own where they answer; where they give undefined, its own runs. */
const preferred: Record<string, (tf: Tf, inputs: Inputs, attrs: Attrs) => Tensor | undefined> = {
  BatchMatMul: transposedMatMul,
  Tile: tileOuter,
};

let registered = false;

/** Registers the kernels under the `wasm` backend; later calls do nothing. */
export function registerGradients(tf: Tf): void {
  if (registered) return;
  registered = true;
  for (const [name, kernel] of Object.entries(added)) {
    replace(tf, name, ({ inputs, attrs }) => tf.tidy(() => kernel(tf, inputs as Inputs, attrs)));
  }
  for (const [name, kernel] of Object.entries(preferred)) {
    const own = tf.getKernel(name, 'wasm').kernelFunc;
    replace(tf, name, (call) => {
      const out = tf.tidy(() => kernel(tf, call.inputs as Inputs, call.attrs) ?? []);
      return Array.isArray(out) ? own(call) : out;
    });
  }
  allowDilation(tf, 'Conv2D');
  allowDilation(tf, 'DepthwiseConv2dNative');
}

/** tfjs's own gradients of dilated convolutions stop at an assertion; our kernels take any dilation. */
function allowDilation(tf: Tf, kernelName: 'Conv2D' | 'DepthwiseConv2dNative'): void {
  const own = tf.getGradient(kernelName);
  const backprop = `${kernelName}Backprop`;
  const run = (kernel: string, inputs: Record<string, Tensor>, attrs: Attrs) =>
    tf.engine().runKernel(kernel, inputs, attrs) as Tensor;
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    ...own,
    gradFunc: (dy, saved, attrs) => {
      if (tf.getBackend() !== 'wasm') return own.gradFunc(dy, saved, attrs);
      const [x, filter] = saved as [Tensor, Tensor];
      return {
        x: () => run(`${backprop}Input`, { dy: dy as Tensor, filter }, { ...attrs, inputShape: x.shape }),
        filter: () =>
          run(`${backprop}Filter`, { x, dy: dy as Tensor }, { ...attrs, filterShape: filter.shape }),
      };
    },
  });
}

function replace(tf: Tf, kernelName: string, kernelFunc: KernelFunc): void {
  if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
}

/**
 * dx = conv(dy spread by the stride, filter turned by 180° with its channels swapped).
 *
 * ```
 *   dy 3×3, s = 2, filter 3×3       a . b . c .      full convolution, padded by (k − 1)·d − pad
 *                                   . . . . . .
 *                                   d . e . f .
 * ```
 */
function convInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const { inputShape, strides, pad, dimRoundingMode, dataFormat, dilations = 1 } = attrs;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC');
  const info = tf.backend_util.computeConv2DInfo(
    inputShape,
    filter.shape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    format,
  );
  const swapped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
  const g = toNhwc(tf, dy, info);
  const pointwise = info.filterHeight === 1 && info.filterWidth === 1;
  const run = (a: Tensor4D, pads: Pads) =>
    tf.conv2d(a, swapped, 1, pads as never, 'NHWC', [info.dilationHeight, info.dilationWidth]);
  // A 1×1 filter commutes with spreading, and is cheaper before it.
  const dx = pointwise ? place(tf, run(g, noPads), info) : run(place(tf, g, info), noPads);
  return fromNhwc(tf, dx, info);
}

/**
 * dfilter = conv(x with batch and channels swapped, dy as the filter): the stride becomes the dilation and the
 * dilation the stride. [c, h, w, n] ⊛ [oh, ow, n, oc] → [c, kh, kw, oc].
 */
function convFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const { filterShape, strides, pad, dimRoundingMode, dataFormat, dilations = 1 } = attrs;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC');
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    format,
  );
  const [kh, kw, c, oc] = filterShape as [number, number, number, number];
  const a = toNhwc(tf, x, info);
  const g = toNhwc(tf, dy, info);
  const { top, left } = info.padInfo;
  if (kh === 1 && kw === 1 && top === 0 && left === 0) {
    const seen = subsample(tf, a, info);
    return tf.reshape(tf.matMul(tf.reshape(seen, [-1, c]), tf.reshape(g, [-1, oc]), true), filterShape);
  }
  const rows = reach(info.outHeight, info.strideHeight, kh, info.dilationHeight) - info.inHeight - top;
  const columns = reach(info.outWidth, info.strideWidth, kw, info.dilationWidth) - info.inWidth - left;
  const pads: Pads = [
    [0, 0],
    [top, Math.max(rows, 0)],
    [left, Math.max(columns, 0)],
    [0, 0],
  ];
  const full = tf.conv2d(
    tf.transpose(a, [3, 1, 2, 0]),
    tf.transpose(g, [1, 2, 0, 3]),
    [info.dilationHeight, info.dilationWidth],
    pads as never,
    'NHWC',
    [info.strideHeight, info.strideWidth],
  );
  // Input rows that no window reaches give rows past the filter.
  return tf.transpose(crop(tf, full, kh, kw), [1, 2, 0, 3]);
}

/** Channel by channel the same as `convInput`; the outputs of one input channel are summed. */
function depthwiseInput(tf: Tf, { dy, filter }: Inputs, attrs: Attrs): Tensor {
  const info = depthwiseInfo(tf, attrs.inputShape, filter.shape, attrs);
  const [kh, kw, c, m] = filter.shape as [number, number, number, number];
  const turned = tf.reshape(tf.reverse(filter, [0, 1]), [kh, kw, c * m, 1]) as Tensor4D;
  const spread = place(tf, dy as Tensor4D, info);
  const dx = tf.depthwiseConv2d(spread, turned, 1, 'valid', 'NHWC', [
    info.dilationHeight,
    info.dilationWidth,
  ]);
  return m === 1 ? dx : tf.reshape(tf.sum(tf.reshape(dx, [-1, m]), 1), attrs.inputShape);
}

/**
 * For every filter position the product of dy with x moved by that position, summed over batch and pixels. Both lie in
 * planes of one geometry, so moving is a contiguous slice:
 *
 * ```
 *   x, padded    [n, H, W, c]     one run of memory, read from (ky·W + kx)·d on
 *   dy, spread   [n, H, W, c]     zero where no output is
 * ```
 */
function depthwiseFilter(tf: Tf, { x, dy }: Inputs, attrs: Attrs): Tensor {
  const info = depthwiseInfo(tf, x.shape, attrs.filterShape, attrs);
  const [kh, kw, c, m] = attrs.filterShape as [number, number, number, number];
  const { batchSize: n, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const h = Math.max(reach(info.outHeight, strideHeight, kh, dilationHeight), info.outHeight * strideHeight);
  const w = Math.max(reach(info.outWidth, strideWidth, kw, dilationWidth), info.outWidth * strideWidth);
  const { top, left } = info.padInfo;
  const planes = frame(tf, x as Tensor4D, top, left, h, w);
  const spread = frame(tf, spreadBy(tf, dy as Tensor4D, strideHeight, strideWidth), 0, 0, h, w);
  const tail = (kh - 1) * dilationHeight * w + (kw - 1) * dilationWidth;
  const run = tf.pad(tf.reshape(m === 1 ? planes : repeat(tf, planes, m), [n * h * w, c * m]), [
    [0, tail],
    [0, 0],
  ]);
  const sums: Tensor[] = [];
  for (let ky = 0; ky < kh; ky++) {
    for (let kx = 0; kx < kw; kx++) {
      sums.push(
        tf.tidy(() => {
          const moved = tf.slice(run, [ky * dilationHeight * w + kx * dilationWidth, 0], [n * h * w, c * m]);
          return sumPixels(tf, tf.mul(tf.reshape(moved, [n, h, w, c * m]), spread) as Tensor4D);
        }),
      );
    }
  }
  return tf.reshape(tf.stack(sums), attrs.filterShape);
}

/** [n, h, w, c] → [c]; the mean over a plane is pooling, which is fast, and keeps the partial sums short. */
function sumPixels(tf: Tf, x: Tensor4D): Tensor {
  const [, h, w] = x.shape;
  return tf.mul(tf.sum(tf.avgPool(x, [h, w], 1, 'valid'), [0, 1, 2]), h * w);
}

/**
 * The backend's product is fast only where neither side is transposed: transpose first. aᵀb and abᵀ turn the operand,
 * or, where that is less to move, the result: abᵀ = (b aᵀ)ᵀ.
 */
function transposedMatMul(tf: Tf, { a, b }: Inputs, { transposeA, transposeB }: Attrs): Tensor | undefined {
  if (!transposeA && !transposeB) return undefined;
  const m = a.shape.at(transposeA ? -1 : -2)!;
  const k = a.shape.at(transposeA ? -2 : -1)!;
  const n = b.shape.at(transposeB ? -2 : -1)!;
  if (transposeB && !transposeA && m * (k + n) < k * n) return turn(tf, tf.matMul(b, turn(tf, a)));
  return tf.matMul(transposeA ? turn(tf, a) : a, transposeB ? turn(tf, b) : b);
}

/** Swaps the last two axes. */
function turn(tf: Tf, x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  return tf.transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** [1, …, 1, c] repeated along its outer axes is a product with a column of ones. */
function tileOuter(tf: Tf, { x }: Inputs, { reps }: Attrs): Tensor | undefined {
  const c = x.shape.at(-1)!;
  if (x.dtype !== 'float32' || x.size !== c || reps.at(-1) !== 1) return undefined;
  const rows = (reps as number[]).reduce((a, b) => a * b, 1);
  return tf.reshape(
    tf.matMul(tf.ones([rows, 1]), tf.reshape(x, [1, c])),
    x.shape.map((size, i) => size * reps[i]),
  );
}

/**
 * Position by position of the window: where x is the maximum and no position before it was, dy goes back to it.
 * As in `depthwiseFilter`, moving is a contiguous slice of padded planes; pooling over one pixel takes every s-th.
 */
function maxPool(tf: Tf, { dy, input, output }: Inputs, attrs: Attrs): Tensor {
  const x = input as Tensor4D;
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize: n, inChannels: c, outHeight, outWidth, filterHeight, filterWidth, padInfo } = info;
  const { strideHeight: sy, strideWidth: sx } = info;
  const h = Math.max(Math.ceil(reach(outHeight, sy, filterHeight, 1) / sy), outHeight) * sy;
  const w = Math.max(Math.ceil(reach(outWidth, sx, filterWidth, 1) / sx), outWidth) * sx;
  const planes = frame(tf, x, padInfo.top, padInfo.left, h, w, -Infinity);
  const tail = (filterHeight - 1) * w + filterWidth - 1;
  const run = tf.pad(
    tf.reshape(planes, [n * h * w, c]),
    [
      [0, tail],
      [0, 0],
    ],
    -Infinity,
  );
  let open: Tensor = tf.onesLike(dy);
  let sum: Tensor | undefined;
  for (let ky = 0; ky < filterHeight; ky++) {
    for (let kx = 0; kx < filterWidth; kx++) {
      const moved = tf.reshape(tf.slice(run, [ky * w + kx, 0], [n * h * w, c]), [n, h, w, c]) as Tensor4D;
      const seen = crop(tf, tf.maxPool(moved, 1, [sy, sx], 'valid'), outHeight, outWidth);
      const below = tf.step(tf.sub(output, seen));
      const hit = tf.sub(open, tf.mul(open, below));
      open = tf.mul(open, below);
      const back = frame(tf, spreadBy(tf, tf.mul(dy, hit) as Tensor4D, sy, sx), ky, kx, h, w);
      sum = sum === undefined ? back : tf.add(sum, back);
    }
  }
  return frame(tf, sum as Tensor4D, -padInfo.top, -padInfo.left, x.shape[1], x.shape[2]);
}

type Resize = Tf['image']['resizeBilinear'] | Tf['image']['resizeNearestNeighbor'];

/** Resizing is y = R x Cᵀ, and dx = Rᵀ dy C. The columns of R and C are what the operator makes of unit vectors. */
function resize(
  tf: Tf,
  op: Resize,
  { dy, images }: Inputs,
  { alignCorners, halfPixelCenters }: Attrs,
): Tensor {
  const [n, h, w, c] = images.shape as [number, number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number, number];
  const columns = (from: number, to: number) =>
    tf.reshape(
      op(tf.reshape(tf.eye(from), [1, from, 1, from]) as Tensor4D, [to, 1], alignCorners, halfPixelCenters),
      [to, from],
    );
  const apply = (matrix: Tensor, x: Tensor, rows: number) =>
    tf.matMul(tf.tile(tf.expandDims(tf.transpose(matrix)), [rows, 1, 1]), x);
  const tall = apply(columns(h, oh), tf.reshape(dy, [n, oh, ow * c]), n);
  return tf.reshape(apply(columns(w, ow), tf.reshape(tall, [n * h, ow, c]), n * h), [n, h, w, c]);
}

/** Rows of x summed by their segment: one-hot rows times x. */
function segmentSum(tf: Tf, { x, segmentIds }: Inputs, { numSegments }: Attrs): Tensor {
  const ids = tf.cast(tf.reshape(segmentIds, [-1]), 'int32');
  const rows = tf.reshape(tf.cast(x, 'float32'), [ids.size, -1]) as Tensor2D;
  const oneHot = tf.cast(tf.oneHot(ids as Tensor<Rank.R1>, numSegments), 'float32') as Tensor2D;
  const out = tf.reshape(tf.matMul(oneHot, rows, true), [
    numSegments,
    ...x.shape.slice(segmentIds.shape.length),
  ]);
  return x.dtype === 'float32' ? out : tf.cast(out, x.dtype);
}

const noPads: Pads = [
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
];

/** Extent of the input that `count` windows of k taps touch. */
const reach = (count: number, stride: number, k: number, dilation: number): number =>
  (count - 1) * stride + (k - 1) * dilation + 1;

/** dy spread by the stride, in a plane whose 'valid' convolution with the filter has the extent of the input. */
function place(tf: Tf, dy: Tensor4D, info: ConvInfo): Tensor4D {
  const { dilationHeight, dilationWidth, strideHeight, strideWidth, filterHeight, filterWidth, padInfo } =
    info;
  const halo = [(filterHeight - 1) * dilationHeight, (filterWidth - 1) * dilationWidth] as const;
  const spread = spreadBy(tf, dy, strideHeight, strideWidth);
  return frame(
    tf,
    spread,
    halo[0] - padInfo.top,
    halo[1] - padInfo.left,
    info.inHeight + halo[0],
    info.inWidth + halo[1],
  );
}

/** [n, h, w, c] → [n, h·sy, w·sx, c] with zeros between the pixels. */
function spreadBy(tf: Tf, x: Tensor4D, sy: number, sx: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  if (sy === 1 && sx === 1) return x;
  const columns = tf.pad(tf.reshape(x, [n * h * w, c]), [
    [0, 0],
    [0, (sx - 1) * c],
  ]);
  const line = w * sx * c;
  const rows = tf.pad(tf.reshape(columns, [n * h, line]), [
    [0, 0],
    [0, (sy - 1) * line],
  ]);
  return tf.reshape(rows, [n, h * sy, w * sx, c]);
}

/** x at (top, left) of a plane of h × w, cut where it does not fit, `fill` elsewhere. */
function frame(tf: Tf, x: Tensor4D, top: number, left: number, h: number, w: number, fill = 0): Tensor4D {
  const [n, xh, xw, c] = x.shape;
  const y0 = Math.max(-top, 0);
  const x0 = Math.max(-left, 0);
  const y1 = Math.min(xh, h - top);
  const x1 = Math.min(xw, w - left);
  const whole = y0 === 0 && x0 === 0 && y1 === xh && x1 === xw;
  const part = whole ? x : tf.slice(x, [0, y0, x0, 0], [n, y1 - y0, x1 - x0, c]);
  const [above, before] = [Math.max(top, 0), Math.max(left, 0)];
  const pads: Pads = [
    [0, 0],
    [above, h - above - part.shape[1]],
    [before, w - before - part.shape[2]],
    [0, 0],
  ];
  return pads.flat().every((p) => p === 0) ? part : tf.pad(part, pads, fill);
}

function crop(tf: Tf, x: Tensor4D, h: number, w: number): Tensor4D {
  const [n, xh, xw, c] = x.shape;
  return xh === h && xw === w ? x : tf.slice(x, [0, 0, 0, 0], [n, h, w, c]);
}

/** The pixels that a 1×1 window with the strides sees: pooling over one pixel. */
function subsample(tf: Tf, x: Tensor4D, info: ConvInfo): Tensor4D {
  const { strideHeight, strideWidth, outHeight, outWidth } = info;
  if (strideHeight === 1 && strideWidth === 1) return crop(tf, x, outHeight, outWidth);
  return crop(tf, tf.maxPool(x, 1, [strideHeight, strideWidth], 'valid'), outHeight, outWidth);
}

/** [n, h, w, c] → [n, h, w, c·m], every channel m times in a row. */
function repeat(tf: Tf, x: Tensor4D, m: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, 1]), tf.ones([1, m])), [n, h, w, c * m]);
}

function depthwiseInfo(tf: Tf, inputShape: number[], filterShape: number[], attrs: Attrs): ConvInfo {
  const { strides, pad, dimRoundingMode, dilations } = attrs;
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
}

const toNhwc = (tf: Tf, x: Tensor, info: ConvInfo): Tensor4D =>
  (info.dataFormat === 'channelsFirst' ? tf.transpose(x, [0, 2, 3, 1]) : x) as Tensor4D;

const fromNhwc = (tf: Tf, x: Tensor4D, info: ConvInfo): Tensor =>
  info.dataFormat === 'channelsFirst' ? tf.transpose(x, [0, 3, 1, 2]) : x;
