import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'atanh',
  description: 'inverse hyperbolic tangent',
  inputs: 1,
  value: ([x]) => Math.atanh(x),
  expr: ([x]) => e.unary('atanh', x),
  tf: (tf, [x]) => [tf.atanh(x!)],
  names: { onnx: { Atanh: unary('atanh') }, graph: { Atanh: reads('atanh') } },
  samples: unarySamples({}, { values: 'unit' }),
});
