import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'sign',
  description: '−1, 0 or 1',
  inputs: 1,
  types: ['float32', 'int32', 'int8'],
  value: ([x]) => Math.sign(x),
  expr: ([x]) => e.unary('sign', x),
  tf: (tf, [x]) => [tf.sign(x!)],
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
