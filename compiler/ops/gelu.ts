import { erf } from '../ir/special.ts';
import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';

const c1 = Math.sqrt(2 / Math.PI);
const c3 = 0.044715 * c1;

export default definePointwise<Attrs & { readonly approximate: boolean }>({
  kind: 'gelu',
  description: 'x · Φ(x), exact or with tanh',
  inputs: 1,
  value: ([x], { approximate }) =>
    approximate
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
  expr: ([x], { approximate }) => {
    const inner = approximate
      ? e.unary('tanh', e.mul(x, e.add(e.mul(e.mul(x, x), e.f32(c3)), e.f32(c1))))
      : e.unary('erf', e.mul(x, e.f32(Math.SQRT1_2)));
    return e.mul(e.mul(x, e.f32(0.5)), e.add(inner, e.f32(1)));
  },
  tf: (tf, [x], { approximate }) => {
    const inner = approximate
      ? tf.tanh(tf.mul(x!, tf.add(tf.mul(tf.square(x!), c3), c1)))
      : tf.erf(tf.mul(x!, Math.SQRT1_2));
    return [tf.mul(tf.mul(x!, 0.5), tf.add(inner, 1))];
  },
  names: {
    onnx: { Gelu: unary('gelu', (c) => ({ approximate: c.config.str('approximate', 'none') === 'tanh' })) },
    tflite: {
      GELU: (c) => c.one('gelu', [c.input(0)], { approximate: c.config.bool('approximate', false) }),
    },
    activations: {
      gelu: (c, x) => c.one('gelu', [x], { approximate: false }),
      gelu_new: (c, x) => c.one('gelu', [x], { approximate: true }),
    },
  },
  samples: [
    ...unarySamples({ approximate: false }, {}, 'exact_'),
    ...unarySamples({ approximate: true }, {}, 'tanh_'),
  ],
});
