import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'cosh',
  description: 'hyperbolic cosine',
  inputs: 1,
  value: ([x]) => Math.cosh(x),
  expr: ([x]) => e.unary('cosh', x),
  tf: (tf, [x]) => [tf.cosh(x!)],
  samples: unarySamples({}),
});
