import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'cos',
  description: 'cosine',
  inputs: 1,
  value: ([x]) => Math.cos(x),
  expr: ([x]) => e.unary('cos', x),
  tf: (tf, [x]) => [tf.cos(x!)],
  samples: unarySamples({}),
});
