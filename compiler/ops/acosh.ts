import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'acosh',
  description: 'inverse hyperbolic cosine; NaN below 1',
  inputs: 1,
  value: ([x]) => Math.acosh(x),
  expr: ([x]) => e.unary('acosh', x),
  tf: (tf, [x]) => [tf.acosh(x!)],
  names: { onnx: { Acosh: unary('acosh') }, graph: { Acosh: reads('acosh') } },
  samples: unarySamples({}, { shape: [1, 23], values: Array.from({ length: 23 }, (_, i) => 1.1 + i * i) }),
});
