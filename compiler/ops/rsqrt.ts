import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'rsqrt',
  description: '1/√x',
  inputs: 1,
  value: ([x]) => 1 / Math.sqrt(x),
  expr: ([x]) => e.unary('recip', e.unary('sqrt', x)),
  tf: (tf, [x]) => [tf.rsqrt(x!)],
  names: { graph: { Rsqrt: reads('rsqrt') }, tflite: { RSQRT: reads('rsqrt') } },
  samples: unarySamples({}, { values: 'positive' }),
});
