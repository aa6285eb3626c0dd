import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'hardSwish',
  description: 'x · clip(x/6 + ½, 0, 1)',
  inputs: 1,
  value: ([x]) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  expr: ([x]) => e.mul(x, e.clamp(e.add(e.mul(x, e.f32(1 / 6)), e.f32(0.5)), 0, 1)),
  tf: (tf, [x]) => [tf.mul(x!, tf.clipByValue(tf.add(tf.div(x!, 6), 0.5), 0, 1))],
  names: {
    onnx: { HardSwish: unary('hardSwish') },
    tflite: { HARD_SWISH: reads('hardSwish') },
    activations: {
      hard_swish: (c, x) => c.one('hardSwish', [x]),
      hard_silu: (c, x) => c.one('hardSwish', [x]),
    },
  },
  samples: unarySamples({}, { shape: [1, 23], values: Array.from({ length: 23 }, (_, i) => 0.4 * (i - 11)) }),
});
