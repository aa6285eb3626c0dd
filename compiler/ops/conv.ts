import { badShape, unsupported } from '../errors.ts';
import { allocate, rowMajor } from '../ir/tensor.ts';
import { groupView, reshapeView, viewShape } from '../plan/view.ts';
import { type Attrs, defineOp, type LayerContext, type Tf, type TfTensor, type ValueId } from './define.ts';
import { onnxConv, onnxConvInteger } from './onnx-window.ts';
import {
  channelsFirst,
  checkConstant,
  checkFloat,
  checkWindow,
  range,
  slide,
  type Window,
  windowSize,
  wordPads,
} from './spatial.ts';
import { asImage, convolve2d, kernelLast, onChannelsLast, padSpatial, spread, wide } from './spatial-tf.ts';
import { fused } from './tensorflow.ts';
import { graphConv, graphDepthwise, liteConv, liteConv3d, liteDepthwise } from './tensorflow-conv.ts';

/** x [N, C, …spatial], weights [O, C/groups, …kernel], bias [O]? → [N, O, …out]. */
export type ConvAttrs = Attrs & Window & { readonly groups: number };

export default defineOp<ConvAttrs>({
  kind: 'conv',
  description: 'convolution of any spatial rank, grouped, strided, dilated; channels first',
  arity: [2, 3],
  infer([x, w, bias], a, place) {
    checkFloat([x, w, bias], place);
    checkConstant([w, bias], place);
    const rank = x!.shape.length - 2;
    if (w!.shape.length !== rank + 2)
      throw badShape(`weights [${w!.shape}] don't fit input [${x!.shape}]`, place);
    const kernel = w!.shape.slice(2);
    checkWindow(rank, kernel, a, place);
    const [n, c] = x!.shape;
    const [o, perGroup] = w!.shape;
    if (!Number.isInteger(a.groups) || a.groups < 1 || o % a.groups !== 0 || perGroup * a.groups !== c) {
      throw badShape(
        `${a.groups} groups don't divide ${c} input and ${o} output channels (weights [${w!.shape}])`,
        place,
      );
    }
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== o))
      throw badShape(`bias [${bias.shape}] is not [${o}]`, place);
    const out = kernel.map((k, i) =>
      windowSize(x!.shape[2 + i], k, a.strides[i], a.dilations[i], a.pads[i][0] + a.pads[i][1]),
    );
    if (out.some((d) => d < 1))
      throw badShape(`kernel [${kernel}] is larger than the padded input [${x!.shape}]`, place);
    return [{ dtype: 'float32', shape: [n, o, ...out] }];
  },
  eval([x, w, bias], a) {
    const [n, c, ...size] = x!.shape;
    const [o, perGroup, ...kernel] = w!.shape;
    const out = kernel.map((k, i) =>
      windowSize(size[i], k, a.strides[i], a.dilations[i], a.pads[i][0] + a.pads[i][1]),
    );
    const shape = [n, o, ...out];
    const data = allocate(
      'float32',
      shape.reduce((s, d) => s * d, 1),
    );
    const sx = rowMajor(x!.shape);
    const taps = kernel.reduce((s, d) => s * d, 1);
    const pixels = out.reduce((s, d) => s * d, 1);
    const tapIndex = rowMajor(kernel);
    const outIndex = rowMajor(out);
    let at = 0;
    for (let b = 0; b < n; b++) {
      for (let r = 0; r < o; r++) {
        const first = Math.floor(r / (o / a.groups)) * (c / a.groups);
        for (let p = 0; p < pixels; p++) {
          let sum = bias ? bias.data[r] : 0;
          for (let t = 0; t < taps; t++) {
            let offset = 0;
            let inside = true;
            for (let d = 0; d < kernel.length; d++) {
              const k = Math.floor(t / tapIndex[d]) % kernel[d];
              const q = Math.floor(p / outIndex[d]) % out[d];
              const i = q * a.strides[d] + k * a.dilations[d] - a.pads[d][0];
              if (i < 0 || i >= size[d]) inside = false;
              offset += i * sx[2 + d];
            }
            if (!inside) continue;
            for (let ci = 0; ci < perGroup; ci++) {
              sum +=
                x!.data[b * sx[0] + (first + ci) * sx[1] + offset] * w!.data[(r * perGroup + ci) * taps + t];
            }
          }
          data[at++] = sum;
        }
      }
    }
    return [{ dtype: 'float32', shape, data }];
  },
  lower(l, a) {
    const { shape } = l.outputType(0);
    const [n, o, ...out] = shape;
    const w = l.inputType(1).shape;
    const kernel = w.slice(2);
    const perGroup = w[1];
    const y = l.temp('float32', shape);
    const flat = groupView(y, [[0], [1], range(2, shape.length)]);
    const weights = l.constantId(1);
    const bias = l.has(2) ? l.constantId(2) : undefined;
    const input = l.view(0);
    const whole = a.groups > 1 && input.dims[1].length > 1 ? l.materialize(input) : input;
    const x = slide(l, whole, kernel, out, a);
    if (perGroup === 1 && a.groups > 1) {
      // Depthwise: each input channel is seen by o/groups output channels.
      const repeated = { size: o / a.groups, axis: -1, step: 0 };
      const dims = x.dims.map((d, i) => (i === 1 ? [...d, repeated] : d));
      l.emit({
        form: 'window',
        reduce: 'sum',
        x: groupView({ ...x, dims }, [[0], [1], [2], [3]]),
        weights,
        bias,
        y: flat,
      });
      return [y];
    }
    const [, , taps, pixels] = viewShape(x);
    const split = reshapeView(x, [n, a.groups, perGroup, taps, pixels])!;
    l.emit({
      form: 'linear',
      x: groupView(split, [[0], [1], [2, 3], [4]]),
      weights,
      bias,
      y: reshapeView(flat, [n, a.groups, o / a.groups, pixels])!,
    });
    return [y];
  },
  macs: (inputs, [y]) =>
    y.shape.reduce((s, d) => s * d, 1) * inputs[1]!.shape.slice(1).reduce((s, d) => s * d, 1),
  linear: { weights: 1, bias: 2, axis: 1, uniform: (a) => a.pads.flat().every((n) => n <= 0) },
  prunable: (a) => [{ input: 1, groups: a.groups }],
  channels([x, w], _o, a) {
    if (a.groups === 1) {
      return [
        [
          [0, 1],
          [1, 1],
        ],
        [
          [1, 0],
          [2, 0],
          [-1, 1],
        ],
      ];
    }
    if (w!.shape[1] !== 1) return [];
    // Depthwise: each input channel has rows of its own.
    const rows = { start: 0, length: w!.shape[0], inner: w!.shape[0] / x!.shape[1] };
    return [
      [
        [0, 1],
        [1, 0, rows],
        [2, 0, rows],
        [-1, 1, rows],
      ],
    ];
  },
  shrink: (a, kept) => (a.groups === 1 ? a : { ...a, groups: kept(0, 1).length }),
  ...onChannelsLast<ConvAttrs>((tf, [x, w, bias], a) => {
    const kernel = spread(tf, w!, a.dilations);
    return [asImage(tf, x!, (image) => convolve(tf, image, kernel, bias, a))];
  }),
  names: {
    onnx: { Conv: onnxConv, ConvInteger: onnxConvInteger },
    graph: {
      Conv2D: graphConv,
      Conv3D: graphConv,
      _FusedConv2D: graphConv,
      DepthwiseConv2dNative: graphDepthwise,
      FusedDepthwiseConv2dNative: graphDepthwise,
    },
    tflite: { CONV_2D: fused(liteConv), DEPTHWISE_CONV_2D: fused(liteDepthwise), CONV_3D: fused(liteConv3d) },
    layers: {
      Conv1D: readConv,
      Conv2D: readConv,
      Conv3D: readConv,
      DepthwiseConv1D: readDepthwise,
      DepthwiseConv2D: readDepthwise,
      SeparableConv1D: readSeparable,
      SeparableConv2D: readSeparable,
    },
  },
  samples: [
    conv('3x3_same', [1, 3, 6, 7], [4, 3, 3, 3], {
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('1x1', [1, 5, 4, 4], [7, 5, 1, 1], {}),
    conv('stride2_same_even', [1, 3, 8, 8], [5, 3, 3, 3], {
      strides: [2, 2],
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
    conv('dilated', [1, 2, 9, 9], [3, 2, 3, 3], { dilations: [2, 2] }),
    conv('groups', [1, 4, 5, 5], [6, 2, 3, 3], {
      groups: 2,
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('depthwise', [1, 6, 8, 9], [6, 1, 3, 3], {
      groups: 6,
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('depthwise_multiplier_stride2', [1, 3, 9, 9], [6, 1, 3, 3], {
      groups: 3,
      strides: [2, 2],
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('batch2', [2, 3, 5, 5], [4, 3, 3, 3], {}),
    conv('one_dimensional', [1, 4, 11], [3, 4, 5], { strides: [2], dilations: [1], pads: [[2, 2]] }),
    conv('three_dimensional', [1, 2, 4, 5, 6], [3, 2, 2, 3, 2], {
      strides: [1, 2, 2],
      pads: [
        [0, 1],
        [1, 1],
        [0, 0],
      ],
    }),
    conv('negative_pads', [1, 2, 6, 6], [3, 2, 3, 3], {
      pads: [
        [-1, 0],
        [1, -1],
      ],
    }),
    conv('unit_plane', [1, 3, 1, 1], [2, 3, 3, 3], {
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv(
      'sparse_3x3',
      [1, 8, 10, 10],
      [16, 8, 3, 3],
      {
        pads: [
          [1, 1],
          [1, 1],
        ],
      },
      0.9,
    ),
    conv('sparse_1x1', [1, 32, 7, 7], [24, 32, 1, 1], {}, 0.8),
  ],
});

function conv(name: string, x: number[], w: number[], a: Partial<ConvAttrs>, sparsity = 0) {
  const rank = x.length - 2;
  const one = range(0, rank).map(() => 1);
  const attrs: ConvAttrs = {
    strides: one,
    dilations: one,
    pads: one.map(() => [0, 0] as const),
    groups: 1,
    ...a,
  };
  return {
    name,
    attrs,
    inputs: [{ shape: x }, { shape: w, constant: true, sparsity }, { shape: [w[0]], constant: true }],
  };
}

/** x [N, …spatial, C]; w [O, C/groups, …kernel], spread; bias [O]. */
function convolve(tf: Tf, x: TfTensor, w: TfTensor, bias: TfTensor | null, a: ConvAttrs): TfTensor {
  const [o, perGroup] = w.shape;
  const window = { strides: wide(a.strides, 1), pads: wide(a.pads, [0, 0]) };
  if (window.strides.length === 3) {
    assertOneGroup(a.groups);
    const padded = padSpatial(tf, x, a.pads);
    const y = tf.conv3d(padded as never, kernelLast(tf, w, 'IO') as never, a.strides as never, 'valid');
    return bias ? tf.add(y, bias) : y;
  }
  if (a.groups > 1 && perGroup === 1) {
    const [c, ...k] = [a.groups, ...w.shape.slice(2)];
    const perChannel = tf.transpose(tf.reshape(w, [c, o / c, ...k]), [1, 0, ...range(2, w.shape.length)]);
    return convolve2d(tf, 'DepthwiseConv2D', x, kernelLast(tf, perChannel, 'IO'), bias, window);
  }
  const one = (x: TfTensor, w: TfTensor, bias: TfTensor | null) =>
    convolve2d(tf, 'Conv2D', x, kernelLast(tf, w, 'IO'), bias, window);
  if (a.groups === 1) return one(x, w, bias);
  const xs = tf.split(x, a.groups, -1);
  const ws = tf.split(w, a.groups, 0);
  const biases = bias && tf.split(bias, a.groups);
  return tf.concat(
    xs.map((part, i) => one(part, ws[i], biases ? biases[i] : null)),
    -1,
  );
}

function assertOneGroup(groups: number) {
  if (groups !== 1) throw unsupported('training grouped 3-D convolutions');
}

const layerWindow = (c: LayerContext, rank: number) => ({
  strides: c.config.ints('strides', rank, Array(rank).fill(1)),
  dilations: c.config.ints('dilation_rate', rank, Array(rank).fill(1)),
});

/** A Keras convolution of the layer's strides, dilations, padding and data format with w [O, C/groups, …kernel]. */
function convLayer(
  c: LayerContext,
  w: ValueId,
  bias: ValueId | null,
  groups: (channels: number) => number,
): ValueId {
  const kernel = c.b.shape(w).slice(2);
  const rank = kernel.length;
  const { strides, dilations } = layerWindow(c, rank);
  const padding = c.config.str('padding', 'valid');
  return channelsFirst(c, c.input(0), (x) => {
    const [, channels, ...spatial] = c.b.shape(x);
    const pads =
      padding === 'causal' && rank === 1
        ? [[(kernel[0] - 1) * dilations[0], 0]]
        : wordPads(c, padding, spatial, kernel, strides, dilations);
    return c.one('conv', [x, w, bias], { strides, dilations, pads, groups: groups(channels) });
  });
}

/** Keras Conv1D, Conv2D, Conv3D: kernel […k, C/groups, O]. */
function readConv(c: LayerContext): ValueId {
  const kernel = c.weight('kernel');
  const rank = c.b.shape(kernel).length - 2;
  const w = c.one('transpose', [kernel], { perm: [rank + 1, rank, ...range(0, rank)] });
  const bias = c.hasWeight('bias') ? c.weight('bias') : null;
  return c.activation(
    convLayer(c, w, bias, () => c.config.int('groups', 1)),
    c.config.raw('activation'),
  );
}

/** Keras depthwise kernel […k, C, multiplier] as [C · multiplier, 1, …k]. */
function depthwiseKernel(c: LayerContext): ValueId {
  const kernel = c.weight('depthwise_kernel');
  const shape = c.b.shape(kernel);
  const rank = shape.length - 2;
  const turned = c.one('transpose', [kernel], { perm: [rank, rank + 1, ...range(0, rank)] });
  return c.one('reshape', [turned], { shape: [shape[rank] * shape[rank + 1], 1, ...shape.slice(0, rank)] });
}

function readDepthwise(c: LayerContext): ValueId {
  const bias = c.hasWeight('bias') ? c.weight('bias') : null;
  const y = convLayer(c, depthwiseKernel(c), bias, (channels) => channels);
  return c.activation(y, c.config.raw('activation'));
}

/** Depthwise, then 1×1: pointwise kernel [1…, C · multiplier, O]. */
function readSeparable(c: LayerContext): ValueId {
  const deep = convLayer(c, depthwiseKernel(c), null, (channels) => channels);
  const kernel = c.weight('pointwise_kernel');
  const rank = c.b.shape(kernel).length - 2;
  const w = c.one('transpose', [kernel], { perm: [rank + 1, rank, ...range(0, rank)] });
  const bias = c.hasWeight('bias') ? c.weight('bias') : null;
  const one = Array(rank).fill(1);
  const y = channelsFirst(c, deep, (x) =>
    c.one('conv', [x, w, bias], { strides: one, dilations: one, pads: one.map(() => [0, 0]), groups: 1 }),
  );
  return c.activation(y, c.config.raw('activation'));
}
