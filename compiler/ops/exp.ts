import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'exp',
  description: 'eˣ',
  inputs: 1,
  value: ([x]) => Math.exp(x),
  expr: ([x]) => e.unary('exp', x),
  tf: (tf, [x]) => [tf.exp(x!)],
  names: { activations: { exponential: (c, x) => c.one('exp', [x]) } },
  samples: unarySamples({}),
});
