import { e } from '../plan/expr.ts';
import type { Attrs, LayerContext } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise<Attrs & { readonly alpha: number }>({
  kind: 'leakyRelu',
  description: 'x above 0, α·x below',
  inputs: 1,
  value: ([x], { alpha }) => (x < 0 ? alpha * x : x),
  expr: ([x], { alpha }) => e.select(e.binary('lt', x, e.f32(0)), e.mul(x, e.f32(alpha)), x),
  tf: (tf, [x], { alpha }) => [tf.leakyRelu(x!, alpha)],
  names: {
    onnx: { LeakyRelu: unary('leakyRelu', (c) => ({ alpha: c.config.float('alpha', 0.01) })) },
    graph: { LeakyRelu: (c) => c.one('leakyRelu', [c.input(0)], { alpha: c.config.float('alpha', 0.2) }) },
    tflite: { LEAKY_RELU: (c) => c.one('leakyRelu', [c.input(0)], { alpha: c.config.float('alpha', 0) }) },
    layers: { LeakyReLU: read },
    activations: { leaky_relu: (c, x) => c.one('leakyRelu', [x], { alpha: 0.2 }) },
  },
  samples: unarySamples({ alpha: 0.2 }),
});

/** Keras 2 calls the slope `alpha`, Keras 3 `negative_slope`. */
function read(c: LayerContext) {
  const name = c.config.has('negative_slope') ? 'negative_slope' : 'alpha';
  return c.one('leakyRelu', [c.input(0)], { alpha: c.config.float(name, 0.3) });
}
