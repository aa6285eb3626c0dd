import { e } from '../plan/expr.ts';
import { type Attrs, defineOp } from './define.ts';
import { checkNorm, evalNorm, inverseRoot, lowerNorm, permuteNorm } from './norm.ts';

/** x and scale?, which broadcasts to x. Zhang & Sennrich, Root Mean Square Layer Normalization, 2019. */
export default defineOp<Attrs & { readonly axes: readonly number[]; readonly epsilon: number }>({
  kind: 'rmsNorm',
  description: 'x / √(mean x² + ε) · scale over axes',
  arity: [1, 2],
  infer(inputs, { axes }, place) {
    checkNorm(inputs, axes, place);
    return [{ dtype: 'float32', shape: inputs[0]!.shape }];
  },
  eval: (inputs, { axes, epsilon }) => [
    evalNorm(inputs, axes, (xs) => {
      const square = xs.reduce((a, b) => a + b * b, 0) / xs.length;
      return [0, 1 / Math.sqrt(square + epsilon)];
    }),
  ],
  lower: (l, { axes, epsilon }) => [
    lowerNorm(l, {
      axes,
      center: false,
      fn: 'mean',
      factor: (squares) => inverseRoot(e.add(squares, e.f32(epsilon))),
    }),
  ],
  permute: permuteNorm,
  tf: (tf, [x, scale], { axes, epsilon }) => {
    const y = tf.mul(x!, tf.rsqrt(tf.add(tf.mean(tf.square(x!), [...axes], true), epsilon)));
    return [scale ? tf.mul(y, scale) : y];
  },
  samples: [
    {
      name: 'last',
      inputs: [{ shape: [2, 3, 16] }, { shape: [16], constant: true }],
      attrs: { axes: [-1], epsilon: 1e-6 },
    },
    { name: 'plain', inputs: [{ shape: [1, 9] }], attrs: { axes: [1], epsilon: 1e-6 } },
  ],
});
