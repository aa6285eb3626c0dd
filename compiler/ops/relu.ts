import { e } from '../plan/expr.ts';
import { definePointwise } from './pointwise.ts';

export default definePointwise({
  kind: 'relu',
  description: 'max(x, 0)',
  inputs: 1,
  value: ([x]) => (x > 0 || Number.isNaN(x) ? x : 0),
  expr: ([x]) => e.max(x, e.f32(0)),
  tf: (tf, [x]) => [tf.relu(x!)],
  names: {
    layers: { ReLU: readReLU },
    activations: { relu: (c, x) => c.one('relu', [x]) },
    graph: { Relu: (c) => c.one('relu', [c.input(0)]) },
    onnx: { Relu: (c) => c.one('relu', [c.input(0)]) },
    tflite: { RELU: (c) => c.one('relu', [c.input(0)]) },
  },
  samples: [
    { name: 'vector', inputs: [{ shape: [1, 23] }], attrs: {} },
    { name: 'image', inputs: [{ shape: [1, 3, 5, 7] }], attrs: {} },
  ],
});

/** Keras ReLU: optional ceiling, threshold and slope below it. */
function readReLU(c: import('./define.ts').LayerContext) {
  const threshold = c.config.float('threshold', 0);
  const slope = c.config.float('negative_slope', 0);
  const x = c.input(0);
  const { b } = c;
  let y: number;
  if (threshold === 0 && slope === 0) y = c.one('relu', [x]);
  else if (threshold === 0) y = c.one('leakyRelu', [x], { alpha: slope });
  else {
    const above = c.one('greaterEqual', [x, b.scalar(threshold)]);
    const below = c.one('mul', [c.one('sub', [x, b.scalar(threshold)]), b.scalar(slope)]);
    y = c.one('where', [above, x, below]);
  }
  const top = c.config.has('max_value') ? c.config.float('max_value') : Number.POSITIVE_INFINITY;
  return top === Number.POSITIVE_INFINITY ? y : c.one('minimum', [y, b.scalar(top)]);
}
