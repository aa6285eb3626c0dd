import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { onnxShrink } from './onnx-math.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise<Attrs & { readonly theta: number }>({
  kind: 'thresholdedRelu',
  description: 'x above θ, else 0',
  inputs: 1,
  value: ([x], { theta }) => (x > theta ? x : 0),
  expr: ([x], { theta }) => e.select(e.binary('gt', x, e.f32(theta)), x, e.f32(0)),
  tf: (tf, [x], { theta }) => [tf.mul(x!, tf.cast(tf.greater(x!, theta), 'float32'))],
  names: {
    onnx: {
      ThresholdedRelu: unary('thresholdedRelu', (c) => ({ theta: c.config.float('alpha', 1) })),
      Shrink: onnxShrink,
    },
    layers: {
      ThresholdedReLU: (c) => c.one('thresholdedRelu', [c.input(0)], { theta: c.config.float('theta', 1) }),
    },
  },
  samples: unarySamples({ theta: 0.4 }),
});
