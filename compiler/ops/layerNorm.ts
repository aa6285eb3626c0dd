import { normalizeAxis, type Shape } from '../ir/tensor.ts';
import { e } from '../plan/expr.ts';
import {
  type Attrs,
  defineOp,
  type LayerContext,
  type NodeContext,
  type OnnxContext,
  type ValueId,
} from './define.ts';
import { checkNorm, evalNorm, inverseRoot, lowerNorm, permuteNorm } from './norm.ts';
import { onnxMeanVariance } from './onnx-math.ts';
import { range } from './spatial.ts';

/** x, scale? and bias?; scale and bias broadcast to x. */
export default defineOp<Attrs & { readonly axes: readonly number[]; readonly epsilon: number }>({
  kind: 'layerNorm',
  description: '(x − μ) / √(σ² + ε) · scale + bias, with μ and σ over axes',
  arity: [1, 3],
  infer(inputs, { axes }, place) {
    checkNorm(inputs, axes, place);
    return [{ dtype: 'float32', shape: inputs[0]!.shape }];
  },
  eval: (inputs, { axes, epsilon }) => [
    evalNorm(inputs, axes, (xs) => {
      const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
      const variance = xs.reduce((a, b) => a + (b - mean) ** 2, 0) / xs.length;
      return [mean, 1 / Math.sqrt(variance + epsilon)];
    }),
  ],
  lower: (l, { axes, epsilon }) => [
    lowerNorm(l, {
      axes,
      center: true,
      fn: 'mean',
      factor: (squares) => inverseRoot(e.add(squares, e.f32(epsilon))),
    }),
  ],
  permute: permuteNorm,
  tf: (tf, [x, scale, bias], { axes, epsilon }) => {
    const { mean, variance } = tf.moments(x!, [...axes], true);
    const y = tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, epsilon)));
    const scaled = scale ? tf.mul(y, scale) : y;
    return [bias ? tf.add(scaled, bias) : scaled];
  },
  names: {
    layers: { LayerNormalization: readKeras },
    onnx: {
      MeanVarianceNormalization: onnxMeanVariance,
      LayerNormalization: readOnnx,
      InstanceNormalization: (c) => grouped(c, c.b.shape(c.input(0))[1]),
      GroupNormalization: (c) => grouped(c, c.config.int('num_groups')),
    },
  },
  samples: [
    {
      name: 'last',
      inputs: [{ shape: [2, 3, 16] }, { shape: [16], constant: true }, { shape: [16], constant: true }],
      attrs: { axes: [-1], epsilon: 1e-3 },
    },
    { name: 'plain', inputs: [{ shape: [1, 9] }], attrs: { axes: [1], epsilon: 1e-5 } },
    {
      name: 'instance',
      inputs: [
        { shape: [1, 3, 4, 5] },
        { shape: [3, 1, 1], constant: true },
        { shape: [3, 1, 1], constant: true },
      ],
      attrs: { axes: [2, 3], epsilon: 1e-5 },
    },
    {
      name: 'bias_only',
      inputs: [{ shape: [2, 5, 3] }, null, { shape: [5, 1], constant: true }],
      attrs: { axes: [1], epsilon: 1e-3 },
    },
  ],
});

/** Keras: gamma and beta have the sizes of the axes, in their order. */
function readKeras(c: LayerContext): ValueId {
  const x = c.input(0);
  const shape = c.b.shape(x);
  const place = { node: c.name, op: c.source };
  const raw = c.config.raw('axis');
  const listed = Array.isArray(raw) ? c.config.ints('axis') : [c.config.int('axis', -1)];
  const axes = listed.map((a) => normalizeAxis(a, shape.length, place)).sort((a, b) => a - b);
  const weight = (name: string) => {
    if (!c.hasWeight(name)) return null;
    const w = c.weight(name);
    const spread = shape.slice(axes[0]).map((d, i) => (axes.includes(axes[0] + i) ? d : 1));
    return c.one('reshape', [w], { shape: spread });
  };
  return c.one('layerNorm', [x, weight('gamma'), weight('beta')], {
    axes,
    epsilon: c.config.float('epsilon', 1e-3),
  });
}

/** ONNX: over `axis` and all behind it; the mean and the inverse deviation only where they are asked for. */
function readOnnx(c: OnnxContext): ValueId[] {
  const x = c.input(0);
  const rank = c.b.shape(x).length;
  const axis = normalizeAxis(c.config.int('axis', -1), rank, { node: c.name, op: c.source });
  const axes = range(axis, rank);
  const epsilon = c.config.float('epsilon', 1e-5);
  const y = c.one('layerNorm', [x, c.input(1), c.inputs[2] ?? null], { axes, epsilon });
  if (!c.outputs[1] && !c.outputs[2]) return [y];
  const mean = c.one('reduceMean', [x], { axes, keepDims: true });
  const square = c.one('square', [c.one('sub', [x, mean])]);
  const variance = c.one('reduceMean', [square], { axes, keepDims: true });
  return [y, mean, c.one('rsqrt', [c.one('add', [variance, c.b.scalar(epsilon)])])];
}

/** ONNX instance and group normalization: x [N, C, …], scale and bias per channel or (GroupNormalization before 21) per group. */
function grouped(c: NodeContext, groups: number): ValueId {
  const x = c.input(0);
  const [n, channels, ...spatial]: Shape = c.b.shape(x);
  if (groups < 1 || channels % groups !== 0)
    c.malformed(`${groups} groups don't divide ${channels} channels`);
  const split = [n, groups, channels / groups, ...spatial];
  const parts = c.one('layerNorm', [c.one('reshape', [x], { shape: split })], {
    axes: range(2, split.length),
    epsilon: c.config.float('epsilon', 1e-5),
  });
  const spread = (id: ValueId) => {
    const size = c.b.shape(id)[0];
    const perGroup = size === groups && size !== channels;
    return c.one('reshape', [id], { shape: [size, ...(perGroup ? [1] : []), ...spatial.map(() => 1)] });
  };
  const perGroup = c.b.shape(c.input(1))[0] !== channels;
  const joined = perGroup ? parts : c.one('reshape', [parts], { shape: [n, channels, ...spatial] });
  const y = c.one('add', [c.one('mul', [joined, spread(c.input(1))]), spread(c.input(2))]);
  return perGroup ? c.one('reshape', [y], { shape: [n, channels, ...spatial] }) : y;
}
