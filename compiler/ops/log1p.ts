import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'log1p',
  description: 'log(1 + x)',
  inputs: 1,
  value: ([x]) => Math.log1p(x),
  expr: ([x]) => e.unary('log1p', x),
  tf: (tf, [x]) => [tf.log1p(x!)],
  names: { graph: { Log1p: reads('log1p') } },
  samples: unarySamples({}, { values: 'positive' }),
});
