import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'atan',
  description: 'arc tangent',
  inputs: 1,
  value: ([x]) => Math.atan(x),
  expr: ([x]) => e.unary('atan', x),
  tf: (tf, [x]) => [tf.atan(x!)],
  samples: unarySamples({}),
});
