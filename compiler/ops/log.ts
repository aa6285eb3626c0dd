import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'log',
  description: 'natural logarithm',
  inputs: 1,
  value: ([x]) => Math.log(x),
  expr: ([x]) => e.unary('log', x),
  tf: (tf, [x]) => [tf.log(x!)],
  names: { onnx: { Log: unary('log') }, graph: { Log: reads('log') }, tflite: { LOG: reads('log') } },
  samples: unarySamples({}, { values: 'positive' }),
});
