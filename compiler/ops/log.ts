import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'log',
  description: 'natural logarithm',
  inputs: 1,
  value: ([x]) => Math.log(x),
  expr: ([x]) => e.unary('log', x),
  tf: (tf, [x]) => [tf.log(x!)],
  samples: unarySamples({}, { values: 'positive' }),
});
