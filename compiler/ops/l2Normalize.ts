import { e } from '../plan/expr.ts';
import { type Attrs, defineOp } from './define.ts';
import { checkNorm, evalNorm, inverseRoot, lowerNorm, permuteNorm } from './norm.ts';
import { onnxNormalization } from './onnx-math.ts';
import { fused } from './tensorflow.ts';

export default defineOp<Attrs & { readonly axes: readonly number[]; readonly epsilon: number }>({
  kind: 'l2Normalize',
  description: 'x / √max(Σ x², ε) over axes',
  arity: [1, 1],
  infer(inputs, { axes }, place) {
    checkNorm(inputs, axes, place);
    return [{ dtype: 'float32', shape: inputs[0]!.shape }];
  },
  eval: (inputs, { axes, epsilon }) => [
    evalNorm(inputs, axes, (xs) => {
      const square = xs.reduce((a, b) => a + b * b, 0);
      return [0, 1 / Math.sqrt(Math.max(square, epsilon))];
    }),
  ],
  lower: (l, { axes, epsilon }) => [
    lowerNorm(l, {
      axes,
      center: false,
      fn: 'sum',
      factor: (squares) => inverseRoot(e.max(squares, e.f32(epsilon))),
    }),
  ],
  permute: permuteNorm,
  tf: (tf, [x], { axes, epsilon }) => [
    tf.mul(x!, tf.rsqrt(tf.maximum(tf.sum(tf.square(x!), [...axes], true), epsilon))),
  ],
  names: {
    onnx: { LpNormalization: onnxNormalization },
    tflite: {
      L2_NORMALIZATION: fused((c) => c.one('l2Normalize', [c.input(0)], { axes: [-1], epsilon: 1e-6 })),
    },
  },
  samples: [
    { name: 'last', inputs: [{ shape: [2, 3, 7] }], attrs: { axes: [-1], epsilon: 1e-12 } },
    { name: 'channel', inputs: [{ shape: [1, 5, 3, 3] }], attrs: { axes: [1], epsilon: 1e-12 } },
    {
      name: 'small',
      inputs: [{ shape: [1, 4], values: [0.1, -0.2, 0.1, 0] }],
      attrs: { axes: [1], epsilon: 1 },
    },
  ],
});
