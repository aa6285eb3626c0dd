import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'softplus',
  description: 'log(1 + eˣ)',
  inputs: 1,
  value: ([x]) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  expr: ([x]) => e.unary('softplus', x),
  tf: (tf, [x]) => [tf.softplus(x!)],
  names: { activations: { softplus: (c, x) => c.one('softplus', [x]) } },
  samples: unarySamples({}),
});
