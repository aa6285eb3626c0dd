import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'trunc',
  description: 'x without its fraction',
  inputs: 1,
  value: ([x]) => Math.trunc(x),
  expr: ([x]) => e.unary('trunc', x),
  tf: (tf, [x]) => [tf.mul(tf.sign(x!), tf.floor(tf.abs(x!)))],
  samples: unarySamples({}),
});
