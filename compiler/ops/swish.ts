import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'swish',
  description: 'x · sigmoid(x)',
  inputs: 1,
  value: ([x]) => x / (1 + Math.exp(-x)),
  expr: ([x]) => e.mul(x, e.unary('sigmoid', x)),
  tf: (tf, [x]) => [tf.mul(x!, tf.sigmoid(x!))],
  names: { activations: { swish: (c, x) => c.one('swish', [x]), silu: (c, x) => c.one('swish', [x]) } },
  samples: unarySamples({}),
});
