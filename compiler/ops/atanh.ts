import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'atanh',
  description: 'inverse hyperbolic tangent',
  inputs: 1,
  value: ([x]) => Math.atanh(x),
  expr: ([x]) => e.unary('atanh', x),
  tf: (tf, [x]) => [tf.atanh(x!)],
  samples: unarySamples({}, { values: 'unit' }),
});
