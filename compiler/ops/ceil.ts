import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'ceil',
  description: 'smallest whole number not below x',
  inputs: 1,
  value: ([x]) => Math.ceil(x),
  expr: ([x]) => e.unary('ceil', x),
  tf: (tf, [x]) => [tf.ceil(x!)],
  names: { onnx: { Ceil: unary('ceil') }, graph: { Ceil: reads('ceil') }, tflite: { CEIL: reads('ceil') } },
  samples: unarySamples({}),
});
