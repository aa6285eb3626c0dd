import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'sqrt',
  description: '√x',
  inputs: 1,
  value: ([x]) => Math.sqrt(x),
  expr: ([x]) => e.unary('sqrt', x),
  tf: (tf, [x]) => [tf.sqrt(x!)],
  samples: unarySamples({}, { values: 'positive' }),
});
