import { e } from '../plan/expr.ts';
import { onnxPRelu } from './onnx-math.ts';
import { definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'prelu',
  description: 'x above 0, slope · x below; the slope broadcasts',
  inputs: 2,
  value: ([x, slope]) => (x < 0 ? slope * x : x),
  expr: ([x, slope]) => e.select(e.binary('lt', x, e.f32(0)), e.mul(x, slope), x),
  tf: (tf, [x, slope]) => [tf.prelu(x!, slope!)],
  names: {
    onnx: { PRelu: onnxPRelu },
    graph: { Prelu: reads('prelu', 2) },
    tflite: { PRELU: reads('prelu', 2) },
    layers: {
      // The shape of alpha has 1 along shared axes.
      PReLU: (c) => c.one('prelu', [c.input(0), c.weight('alpha')]),
    },
  },
  samples: [
    { name: 'channel', inputs: [{ shape: [1, 3, 4, 5] }, { shape: [3, 1, 1], constant: true }], attrs: {} },
    { name: 'element', inputs: [{ shape: [1, 7] }, { shape: [7], constant: true }], attrs: {} },
  ],
});
