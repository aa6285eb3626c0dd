import { e } from '../plan/expr.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';

export default definePointwise({
  kind: 'div',
  description: 'a / b; integers truncate, and give 0 where b is 0',
  inputs: 2,
  types: numeric,
  value: ([a, b], _attrs, dtype) => (dtype === 'float32' ? a / b : b === 0 ? 0 : Math.trunc(a / b)),
  expr: ([a, b]) => e.binary('div', a, b),
  identity: ([a, b]) => (neutral(a, b, 1) ? 0 : undefined),
  tf: (tf, [a, b]) => [tf.div(a!, b!)],
  samples: [
    ...binarySamples({}, {}, { values: 'positive' }),
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_'),
  ],
});
