import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'tan',
  description: 'tangent',
  inputs: 1,
  value: ([x]) => Math.tan(x),
  expr: ([x]) => e.unary('tan', x),
  tf: (tf, [x]) => [tf.tan(x!)],
  samples: unarySamples({}, { values: 'unit' }),
});
