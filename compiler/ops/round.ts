import { roundHalfEven } from '../ir/special.ts';
import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'round',
  description: 'nearest whole number, halves to even',
  inputs: 1,
  value: ([x]) => roundHalfEven(x),
  expr: ([x]) => e.unary('round', x),
  tf: (tf, [x]) => [tf.round(x!)],
  names: {
    onnx: { Round: unary('round') },
    graph: { Round: reads('round') },
    tflite: { ROUND: reads('round') },
  },
  samples: [
    ...unarySamples({}),
    { name: 'halves', inputs: [{ shape: [6], values: [0.5, 1.5, 2.5, -0.5, -1.5, -2.5] }], attrs: {} },
  ],
});
