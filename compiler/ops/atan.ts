import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'atan',
  description: 'arc tangent',
  inputs: 1,
  value: ([x]) => Math.atan(x),
  expr: ([x]) => e.unary('atan', x),
  tf: (tf, [x]) => [tf.atan(x!)],
  names: { onnx: { Atan: unary('atan') }, graph: { Atan: reads('atan') } },
  samples: unarySamples({}),
});
