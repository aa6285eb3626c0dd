import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'not',
  description: 'logical not',
  inputs: 1,
  types: ['bool'],
  value: ([x]) => (x === 0 ? 1 : 0),
  expr: ([x]) => e.unary('not', x),
  tf: (tf, [x]) => [tf.logicalNot(x!)],
  samples: unarySamples({}, { dtype: 'bool' }),
});
