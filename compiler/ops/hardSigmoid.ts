import { e } from '../plan/expr.ts';
import type { Attrs, NodeContext, ValueId } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise<Attrs & { readonly alpha: number; readonly beta: number }>({
  kind: 'hardSigmoid',
  description: 'clip(α·x + β, 0, 1)',
  inputs: 1,
  value: ([x], { alpha, beta }) => Math.min(1, Math.max(0, alpha * x + beta)),
  expr: ([x], { alpha, beta }) => e.clamp(e.add(e.mul(x, e.f32(alpha)), e.f32(beta)), 0, 1),
  tf: (tf, [x], { alpha, beta }) => [tf.clipByValue(tf.add(tf.mul(x!, alpha), beta), 0, 1)],
  names: {
    onnx: {
      HardSigmoid: unary('hardSigmoid', (c) => ({
        alpha: c.config.float('alpha', 0.2),
        beta: c.config.float('beta', 0.5),
      })),
    },
    activations: { hard_sigmoid: read, hardSigmoid: read },
  },
  samples: [
    ...unarySamples({ alpha: 0.2, beta: 0.5 }),
    ...unarySamples({ alpha: 1, beta: 0.5 }, {}, 'saturated_'),
  ],
});

function read(c: NodeContext, x: ValueId) {
  return c.one('hardSigmoid', [x], { alpha: 0.2, beta: 0.5 });
}
