/**
 * What the wasm backend of TensorFlow.js lacks for training: kernels of gradients that are missing, slow or wrong there.
 * They are composed of its XNNPACK kernels where that pays, and written out over its heap elsewhere.
 */

import type { GradFunc, KernelFunc, NamedAttrMap, Tensor } from '@tensorflow/tfjs';
import type { Tf } from './backend.ts';
import { convFilter, convInput } from './kernels/convolution.ts';
import { depthwiseFilter, depthwiseInput } from './kernels/depthwise.ts';
import { type Attrs, type Inputs, type Kernel, makeOutput } from './kernels/kernel.ts';
import { segmentSum, tileRow, transposedMatMul } from './kernels/matmul.ts';
import { maxPoolInput } from './kernels/maxpool.ts';
import { resizeInput } from './kernels/resize.ts';
import { addressOf, simd } from './kernels/simd.ts';
import { slice } from './kernels/slice.ts';
import { meanChannels, sumChannels } from './kernels/sum.ts';
import { volumeFilter, volumeInput } from './kernels/volume.ts';

const added: Record<string, Kernel> = {
  Conv2DBackpropInput: convInput,
  Conv2DBackpropFilter: convFilter,
  Conv3DBackpropFilterV2: volumeFilter,
  Conv3DBackpropInputV2: volumeInput,
  DepthwiseConv2dNativeBackpropInput: depthwiseInput,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilter,
  MaxPoolGrad: maxPoolInput,
  ResizeBilinearGrad: (tf, inputs, attrs) => resizeInput(tf, tf.image.resizeBilinear, inputs, attrs),
  ResizeNearestNeighborGrad: (tf, inputs, attrs) =>
    resizeInput(tf, tf.image.resizeNearestNeighbor, inputs, attrs),
  UnsortedSegmentSum: segmentSum,
};

/** These answer for the cases that they are faster in; where they give undefined, the backend's own kernel runs. */
const preferred: Record<string, (tf: Tf, inputs: Inputs, attrs: Attrs) => Tensor | undefined> = {
  BatchMatMul: transposedMatMul,
  Mean: meanChannels,
  Slice: slice,
  Sum: sumChannels,
  Tile: tileRow,
};

/** Convolutions with a bias, and their kinds without. */
const fused = { FusedConv2D: 'Conv2D', FusedDepthwiseConv2D: 'DepthwiseConv2dNative' };

let registered = false;

/**
 * Registers kernels under the `wasm` backend and gradients that use them. Does nothing where that backend is not the
 * current one, or the second time.
 */
export function registerGradients(tf: Tf): void {
  if (registered || tf.getBackend() !== 'wasm') return;
  registered = true;
  for (const [name, kernel] of Object.entries(added)) {
    replaceKernel(tf, name, ({ inputs, attrs }) => tf.tidy(() => kernel(tf, inputs as Inputs, attrs)));
  }
  for (const [name, kernel] of Object.entries(preferred)) {
    const own = tf.getKernel(name, 'wasm').kernelFunc;
    replaceKernel(tf, name, (call) => {
      const out = tf.tidy(() => kernel(tf, call.inputs as Inputs, call.attrs) ?? []);
      return Array.isArray(out) ? own(call) : out;
    });
  }
  for (const name of ['Conv2D', 'DepthwiseConv2dNative'])
    replaceGradient(tf, name, dilatedGradient(tf, name));
  for (const [kernelName, plain] of Object.entries(fused)) {
    const gradient = dilatedGradient(tf, plain);
    const gradFunc: GradFunc = (dy, saved, attrs) => ({
      ...gradient(dy, saved, attrs),
      bias: () => tf.sum(dy as Tensor, [0, 1, 2]),
    });
    tf.registerGradient({ kernelName, inputsToSave: ['x', 'filter'], gradFunc });
  }
  replaceGradient(tf, 'ClipByValue', clipGradient(tf));
  replaceGradient(tf, 'Relu', reluGradient(tf));
  replaceKernel(tf, 'Identity', share);
  for (const name of ['Sum', 'Mean']) replaceGradient(tf, name, reductionGradient(tf, name));
}

function replaceKernel(tf: Tf, kernelName: string, kernelFunc: KernelFunc): void {
  if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
}

/** Gradients belong to no backend: elsewhere than on wasm the one that was there stays. */
function replaceGradient(tf: Tf, kernelName: string, gradFunc: GradFunc): void {
  const own = tf.getGradient(kernelName);
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    ...own,
    gradFunc: (dy, saved, attrs) => (tf.getBackend() === 'wasm' ? gradFunc : own.gradFunc)(dy, saved, attrs),
  });
}

/** tfjs's own gradients of dilated convolutions stop at an assertion; our kernels take any dilation. */
const dilatedGradient =
  (tf: Tf, name: string): GradFunc =>
  (dy, [x, filter], attrs) => {
    const run = (kernel: string, inputs: Inputs, extra: NamedAttrMap) =>
      tf.engine().runKernel(`${name}Backprop${kernel}`, inputs, { ...attrs, ...extra }) as Tensor;
    return {
      x: () => run('Input', { dy: dy as Tensor, filter: filter! }, { inputShape: x!.shape }),
      filter: () => run('Filter', { x: x!, dy: dy as Tensor }, { filterShape: filter!.shape }),
    };
  };

/** tfjs's own gradients multiply by ones that are made in JavaScript and copied into the heap. */
const reductionGradient =
  (tf: Tf, name: string): GradFunc =>
  (dy, [x], attrs) => ({
    x: () => {
      const axes = tf.util.parseAxisParam(attrs.axis as number[], x!.shape);
      const kept = x!.shape.map((size, i) => (axes.includes(i) ? 1 : size));
      const share = name === 'Mean' ? tf.util.sizeFromShape(kept) / x!.size : 1;
      return tf.mul(tf.mul(tf.reshape(dy as Tensor, kept), share), tf.onesLike(x!));
    },
  });

/** tfjs's own gradients go through comparisons and booleans, which are slow on wasm. */
const clipGradient =
  (tf: Tf): GradFunc =>
  (dy, [x], { clipValueMin, clipValueMax }) => ({
    x: () => within(tf, dy as Tensor, x!, clipValueMin as number, clipValueMax as number),
  });

const smallestPositive = 2 ** -149;

const reluGradient =
  (tf: Tf): GradFunc =>
  (dy, [x]) => ({ x: () => within(tf, dy as Tensor, x!, smallestPositive, Number.POSITIVE_INFINITY) });

/** dy where least ≤ x ≤ most, else 0. */
function within(tf: Tf, dy: Tensor, x: Tensor, least: number, most: number): Tensor {
  const dx = makeOutput(tf, x.shape);
  const [to, from, at] = [dx, dy, x].map((t) => addressOf(tf, t)) as [number, number, number];
  simd(tf).within(to, from, at, x.size, least, most);
  return dx;
}

/** The backend's own copies, and every tensor that a gradient needs is cloned. Nothing writes into a tensor that is made. */
const share: KernelFunc = ({ inputs, backend }) => {
  const { x } = inputs;
  (backend as { incRef(id: object): void }).incRef(x!.dataId);
  return { dataId: x!.dataId, shape: x!.shape, dtype: x!.dtype };
};
