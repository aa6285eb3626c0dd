import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'sin',
  description: 'sine',
  inputs: 1,
  value: ([x]) => Math.sin(x),
  expr: ([x]) => e.unary('sin', x),
  tf: (tf, [x]) => [tf.sin(x!)],
  samples: unarySamples({}),
});
