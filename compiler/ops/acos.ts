import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'acos',
  description: 'arc cosine',
  inputs: 1,
  value: ([x]) => Math.acos(x),
  expr: ([x]) => e.unary('acos', x),
  tf: (tf, [x]) => [tf.acos(x!)],
  samples: unarySamples({}, { values: 'unit' }),
});
