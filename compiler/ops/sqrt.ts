import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'sqrt',
  description: '√x',
  inputs: 1,
  value: ([x]) => Math.sqrt(x),
  expr: ([x]) => e.unary('sqrt', x),
  tf: (tf, [x]) => [tf.sqrt(x!)],
  names: { onnx: { Sqrt: unary('sqrt') }, graph: { Sqrt: reads('sqrt') }, tflite: { SQRT: reads('sqrt') } },
  samples: unarySamples({}, { values: 'positive' }),
});
