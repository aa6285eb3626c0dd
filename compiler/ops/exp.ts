import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'exp',
  description: 'eˣ',
  inputs: 1,
  value: ([x]) => Math.exp(x),
  expr: ([x]) => e.unary('exp', x),
  tf: (tf, [x]) => [tf.exp(x!)],
  names: {
    onnx: { Exp: unary('exp') },
    graph: { Exp: reads('exp') },
    tflite: { EXP: reads('exp') },
    activations: { exponential: (c, x) => c.one('exp', [x]) },
  },
  samples: unarySamples({}),
});
