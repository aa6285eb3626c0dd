import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'ceil',
  description: 'smallest whole number not below x',
  inputs: 1,
  value: ([x]) => Math.ceil(x),
  expr: ([x]) => e.unary('ceil', x),
  tf: (tf, [x]) => [tf.ceil(x!)],
  samples: unarySamples({}),
});
