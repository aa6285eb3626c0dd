import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'sin',
  description: 'sine',
  inputs: 1,
  value: ([x]) => Math.sin(x),
  expr: ([x]) => e.unary('sin', x),
  tf: (tf, [x]) => [tf.sin(x!)],
  names: { onnx: { Sin: unary('sin') }, graph: { Sin: reads('sin') }, tflite: { SIN: reads('sin') } },
  samples: unarySamples({}),
});
