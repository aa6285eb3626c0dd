import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'square',
  description: 'x²',
  inputs: 1,
  types: ['float32', 'int32'],
  value: ([x]) => x * x,
  expr: ([x]) => e.mul(x, x),
  tf: (tf, [x]) => [tf.square(x!)],
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
