import { e } from '../plan/expr.ts';
import { binarySamples, definePointwise } from './pointwise.ts';

export default definePointwise({
  kind: 'fmod',
  description: 'remainder with the sign of a (truncated division); of integers by 0: 0',
  inputs: 2,
  types: ['float32', 'int32', 'int8'],
  value: ([a, b], _attrs, dtype) => (dtype !== 'float32' && b === 0 ? 0 : a % b),
  expr: ([a, b]) => {
    const size = e.binary('mod', e.unary('abs', a), e.unary('abs', b));
    return e.select(e.binary('lt', a, a.type === 'f32' ? e.f32(0) : e.i32(0)), e.unary('neg', size), size);
  },
  tf: (tf, [a, b]) => [tf.mul(tf.sign(a!), tf.mod(tf.abs(a!), tf.abs(b!)))],
  samples: [
    ...binarySamples({}, {}, { values: 'positive' }),
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_'),
  ],
});
