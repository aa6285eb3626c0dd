import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'expm1',
  description: 'eˣ − 1',
  inputs: 1,
  value: ([x]) => Math.expm1(x),
  expr: ([x]) => e.unary('expm1', x),
  tf: (tf, [x]) => [tf.expm1(x!)],
  names: { graph: { Expm1: reads('expm1') } },
  samples: unarySamples({}),
});
