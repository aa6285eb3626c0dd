import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'mish',
  description: 'x · tanh(log(1 + eˣ))',
  inputs: 1,
  value: ([x]) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  expr: ([x]) => e.mul(x, e.unary('tanh', e.unary('softplus', x))),
  tf: (tf, [x]) => [tf.mul(x!, tf.tanh(tf.softplus(x!)))],
  names: { onnx: { Mish: unary('mish') }, activations: { mish: (c, x) => c.one('mish', [x]) } },
  samples: unarySamples({}),
});
