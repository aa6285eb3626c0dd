import { erf } from '../ir/special.ts';
import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'erf',
  description: 'error function',
  inputs: 1,
  value: ([x]) => erf(x),
  expr: ([x]) => e.unary('erf', x),
  tf: (tf, [x]) => [tf.erf(x!)],
  samples: unarySamples({}),
});
