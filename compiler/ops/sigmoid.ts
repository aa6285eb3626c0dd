import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'sigmoid',
  description: '1 / (1 + e⁻ˣ)',
  inputs: 1,
  value: ([x]) => 1 / (1 + Math.exp(-x)),
  expr: ([x]) => e.unary('sigmoid', x),
  tf: (tf, [x]) => [tf.sigmoid(x!)],
  names: {
    onnx: { Sigmoid: unary('sigmoid') },
    graph: { Sigmoid: reads('sigmoid') },
    tflite: { LOGISTIC: reads('sigmoid') },
    activations: { sigmoid: (c, x) => c.one('sigmoid', [x]) },
  },
  samples: unarySamples({}),
});
