import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

export default definePointwise<Attrs & { readonly alpha: number }>({
  kind: 'celu',
  description: 'x above 0, α·(e^(x/α) − 1) below',
  inputs: 1,
  check({ alpha }, place) {
    if (alpha === 0) throw badShape('celu needs an alpha other than 0', place);
  },
  value: ([x], { alpha }) => (x < 0 ? alpha * Math.expm1(x / alpha) : x),
  expr: ([x], { alpha }) =>
    e.select(
      e.binary('lt', x, e.f32(0)),
      e.mul(e.unary('expm1', e.mul(x, e.f32(1 / alpha))), e.f32(alpha)),
      x,
    ),
  tf: (tf, [x], { alpha }) => [
    tf.add(tf.relu(x!), tf.mul(tf.expm1(tf.div(tf.minimum(x!, 0), alpha)), alpha)),
  ],
  names: { onnx: { Celu: unary('celu', (c) => ({ alpha: c.config.float('alpha', 1) })) } },
  samples: [...unarySamples({ alpha: 1 }), ...unarySamples({ alpha: 2 }, {}, 'alpha_')],
});
