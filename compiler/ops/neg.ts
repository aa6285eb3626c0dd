import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'neg',
  description: '−x',
  inputs: 1,
  types: ['float32', 'int32', 'int8'],
  value: ([x]) => -x,
  expr: ([x]) => e.unary('neg', x),
  tf: (tf, [x]) => [tf.neg(x!)],
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
