import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'tanh',
  description: 'hyperbolic tangent',
  inputs: 1,
  value: ([x]) => Math.tanh(x),
  expr: ([x]) => e.unary('tanh', x),
  tf: (tf, [x]) => [tf.tanh(x!)],
  names: { activations: { tanh: (c, x) => c.one('tanh', [x]) } },
  samples: unarySamples({}),
});
