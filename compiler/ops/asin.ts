import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'asin',
  description: 'arc sine',
  inputs: 1,
  value: ([x]) => Math.asin(x),
  expr: ([x]) => e.unary('asin', x),
  tf: (tf, [x]) => [tf.asin(x!)],
  samples: unarySamples({}, { values: 'unit' }),
});
