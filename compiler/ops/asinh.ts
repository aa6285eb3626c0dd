import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'asinh',
  description: 'inverse hyperbolic sine',
  inputs: 1,
  value: ([x]) => Math.asinh(x),
  expr: ([x]) => e.unary('asinh', x),
  tf: (tf, [x]) => [tf.asinh(x!)],
  samples: unarySamples({}),
});
