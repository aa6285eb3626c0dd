import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'tanh',
  description: 'hyperbolic tangent',
  inputs: 1,
  value: ([x]) => Math.tanh(x),
  expr: ([x]) => e.unary('tanh', x),
  tf: (tf, [x]) => [tf.tanh(x!)],
  names: {
    onnx: { Tanh: unary('tanh') },
    graph: { Tanh: reads('tanh') },
    tflite: { TANH: reads('tanh') },
    activations: { tanh: (c, x) => c.one('tanh', [x]) },
  },
  samples: unarySamples({}),
});
