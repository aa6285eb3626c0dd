import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'reciprocal',
  description: '1/x',
  inputs: 1,
  value: ([x]) => 1 / x,
  expr: ([x]) => e.unary('recip', x),
  tf: (tf, [x]) => [tf.reciprocal(x!)],
  samples: unarySamples({}, { values: 'positive' }),
});
