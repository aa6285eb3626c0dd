import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise<Attrs & { readonly alpha: number }>({
  kind: 'elu',
  description: 'x above 0, α·(eˣ − 1) below',
  inputs: 1,
  value: ([x], { alpha }) => (x < 0 ? alpha * Math.expm1(x) : x),
  expr: ([x], { alpha }) =>
    e.select(e.binary('lt', x, e.f32(0)), e.mul(e.unary('expm1', x), e.f32(alpha)), x),
  tf: (tf, [x], { alpha }) => [tf.add(tf.relu(x!), tf.mul(tf.expm1(tf.minimum(x!, 0)), alpha))],
  names: {
    onnx: { Elu: unary('elu', (c) => ({ alpha: c.config.float('alpha', 1) })) },
    graph: { Elu: reads('elu', 1, { alpha: 1 }) },
    tflite: { ELU: reads('elu', 1, { alpha: 1 }) },
    layers: { ELU: (c) => c.one('elu', [c.input(0)], { alpha: c.config.float('alpha', 1) }) },
    activations: { elu: (c, x) => c.one('elu', [x], { alpha: 1 }) },
  },
  samples: [...unarySamples({ alpha: 1 }), ...unarySamples({ alpha: 0.3 }, {}, 'alpha_')],
});
