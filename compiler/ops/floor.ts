import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'floor',
  description: 'largest whole number not above x',
  inputs: 1,
  value: ([x]) => Math.floor(x),
  expr: ([x]) => e.unary('floor', x),
  tf: (tf, [x]) => [tf.floor(x!)],
  samples: unarySamples({}),
});
