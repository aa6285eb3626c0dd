import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'floor',
  description: 'largest whole number not above x',
  inputs: 1,
  value: ([x]) => Math.floor(x),
  expr: ([x]) => e.unary('floor', x),
  tf: (tf, [x]) => [tf.floor(x!)],
  names: {
    onnx: { Floor: unary('floor') },
    graph: { Floor: reads('floor') },
    tflite: { FLOOR: reads('floor') },
  },
  samples: unarySamples({}),
});
