import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';

export default definePointwise({
  kind: 'sub',
  description: 'a − b',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => a - b,
  expr: ([a, b]) => e.binary('sub', a, b),
  identity: ([a, b]) => (neutral(a, b, 0) ? 0 : undefined),
  tf: (tf, [a, b]) => [tf.sub(a!, b!)],
  names: { layers: { Subtract: (c) => mergeLayer(c, 'sub') } },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
