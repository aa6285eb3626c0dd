import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'sinh',
  description: 'hyperbolic sine',
  inputs: 1,
  value: ([x]) => Math.sinh(x),
  expr: ([x]) => e.unary('sinh', x),
  tf: (tf, [x]) => [tf.sinh(x!)],
  samples: unarySamples({}),
});
