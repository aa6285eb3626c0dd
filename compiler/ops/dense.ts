import { badShape } from '../errors.ts';
import { allocate } from '../ir/tensor.ts';
import { groupView, reshapeView } from '../plan/view.ts';
import { defineOp, type LayerContext, type ValueId } from './define.ts';
import { onnxGemm } from './onnx-product.ts';
import { checkConstant, checkFloat, range } from './spatial.ts';
import { fused } from './tensorflow.ts';
import { fullyConnected, graphMatMul } from './tensorflow-matmul.ts';

/** x […, K], weights [R, K], bias [R]? → […, R]. */
export default defineOp({
  kind: 'dense',
  description: 'matrix product with constant weights over the last axis',
  arity: [2, 3],
  infer([x, w, bias], _a, place) {
    checkFloat([x, w, bias], place);
    checkConstant([w, bias], place);
    if (w!.shape.length !== 2 || x!.shape.length < 1 || x!.shape.at(-1) !== w!.shape[1]) {
      throw badShape(`weights [${w!.shape}] don't fit input [${x!.shape}]`, place);
    }
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== w!.shape[0])) {
      throw badShape(`bias [${bias.shape}] is not [${w!.shape[0]}]`, place);
    }
    return [{ dtype: 'float32', shape: [...x!.shape.slice(0, -1), w!.shape[0]] }];
  },
  eval([x, w, bias]) {
    const [r, k] = w!.shape;
    const outer = k === 0 ? 0 : x!.data.length / k;
    const data = allocate('float32', outer * r);
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < r; j++) {
        let sum = bias ? bias.data[j] : 0;
        for (let i = 0; i < k; i++) sum += x!.data[o * k + i] * w!.data[j * k + i];
        data[o * r + j] = sum;
      }
    }
    return [{ dtype: 'float32', shape: [...x!.shape.slice(0, -1), r], data }];
  },
  lower(l) {
    const { shape } = l.outputType(0);
    const rank = shape.length;
    const y = l.temp('float32', shape);
    const pixels = shape.slice(0, -1).reduce((s, d) => s * d, 1);
    const spread = (v: typeof y) => {
      const last = v.dims.length - 1;
      const flat = groupView(v, [[last], range(0, last)]);
      const [k, p] = flat.dims;
      return { ...flat, dims: [[], [], k, p] };
    };
    l.emit({
      form: 'linear',
      x: spread(l.view(0)),
      weights: l.constantId(1),
      bias: l.has(2) ? l.constantId(2) : undefined,
      y: spread(rank === 0 ? reshapeView(y, [1, pixels])! : y),
    });
    return [y];
  },
  macs: (inputs, [y]) => y.shape.reduce((s, d) => s * d, 1) * inputs[1]!.shape[1],
  linear: { weights: 1, bias: 2, axis: -1, uniform: () => true },
  prunable: () => [{ input: 1, groups: 1 }],
  channels: ([x], [y]) => [
    ...range(0, y.shape.length - 1).map(
      (d) =>
        [
          [0, d],
          [-1, d],
        ] as const,
    ),
    [
      [0, x!.shape.length - 1],
      [1, 1],
    ],
    [
      [1, 0],
      [2, 0],
      [-1, y.shape.length - 1],
    ],
  ],
  tf: (tf, [x, w, bias]) => {
    const k = w!.shape[1]!;
    const flat = tf.matMul(tf.reshape(x!, [-1, k]), w as never, false, true);
    const y = tf.reshape(flat, [...x!.shape.slice(0, -1), w!.shape[0]]);
    return [bias ? tf.add(y, bias) : y];
  },
  names: {
    onnx: { Gemm: onnxGemm },
    graph: { MatMul: graphMatMul, _FusedMatMul: graphMatMul },
    tflite: { FULLY_CONNECTED: fused(fullyConnected) },
    layers: { Dense: readDense },
  },
  samples: [
    {
      name: 'vector',
      inputs: [{ shape: [1, 17] }, { shape: [9, 17], constant: true }, { shape: [9], constant: true }],
      attrs: {},
    },
    { name: 'no_pixels', inputs: [{ shape: [1, 0, 5] }, { shape: [3, 5], constant: true }], attrs: {} },
    { name: 'no_bias', inputs: [{ shape: [1, 8] }, { shape: [4, 8], constant: true }], attrs: {} },
    {
      name: 'batch',
      inputs: [{ shape: [3, 12] }, { shape: [10, 12], constant: true }, { shape: [10], constant: true }],
      attrs: {},
    },
    {
      name: 'time',
      inputs: [{ shape: [1, 7, 12] }, { shape: [16, 12], constant: true }, { shape: [16], constant: true }],
      attrs: {},
    },
    {
      name: 'sparse',
      inputs: [
        { shape: [1, 64] },
        { shape: [33, 64], constant: true, sparsity: 0.9 },
        { shape: [33], constant: true },
      ],
      attrs: {},
    },
    {
      name: 'all_zero',
      inputs: [
        { shape: [1, 5] },
        { shape: [3, 5], constant: true, sparsity: 1 },
        { shape: [3], constant: true },
      ],
      attrs: {},
    },
  ],
});

/** Keras Dense: kernel [K, R]. */
function readDense(c: LayerContext): ValueId {
  const w = c.one('transpose', [c.weight('kernel')], { perm: [1, 0] });
  const y = c.one('dense', [c.input(0), w, c.hasWeight('bias') ? c.weight('bias') : null]);
  return c.activation(y, c.config.raw('activation'));
}
