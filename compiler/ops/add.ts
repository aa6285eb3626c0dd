import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';

export default definePointwise({
  kind: 'add',
  description: 'a + b',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => a + b,
  expr: ([a, b]) => e.binary('add', a, b),
  identity: ([a, b]) => (neutral(a, b, 0) ? 0 : neutral(b, a, 0) ? 1 : undefined),
  tf: (tf, [a, b]) => [tf.add(a!, b!)],
  names: {
    layers: {
      Add: (c) => mergeLayer(c, 'add'),
      Average: (c) => c.one('mul', [mergeLayer(c, 'add'), c.b.scalar(1 / c.inputs.length)]),
    },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
