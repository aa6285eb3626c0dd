import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'cos',
  description: 'cosine',
  inputs: 1,
  value: ([x]) => Math.cos(x),
  expr: ([x]) => e.unary('cos', x),
  tf: (tf, [x]) => [tf.cos(x!)],
  names: { onnx: { Cos: unary('cos') }, graph: { Cos: reads('cos') }, tflite: { COS: reads('cos') } },
  samples: unarySamples({}),
});
