import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'sigmoid',
  description: '1 / (1 + e⁻ˣ)',
  inputs: 1,
  value: ([x]) => 1 / (1 + Math.exp(-x)),
  expr: ([x]) => e.unary('sigmoid', x),
  tf: (tf, [x]) => [tf.sigmoid(x!)],
  names: { activations: { sigmoid: (c, x) => c.one('sigmoid', [x]) } },
  samples: unarySamples({}),
});
