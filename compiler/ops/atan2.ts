import { e } from '../plan/expr.ts';
import { binarySamples, definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'atan2',
  description: 'angle of the point (b, a)',
  inputs: 2,
  value: ([a, b]) => Math.atan2(a, b),
  expr: ([a, b]) => e.binary('atan2', a, b),
  tf: (tf, [a, b]) => [tf.atan2(a!, b!)],
  names: { graph: { Atan2: reads('atan2', 2) }, tflite: { ATAN2: reads('atan2', 2) } },
  samples: binarySamples({}),
});
