import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'asinh',
  description: 'inverse hyperbolic sine',
  inputs: 1,
  value: ([x]) => Math.asinh(x),
  expr: ([x]) => e.unary('asinh', x),
  tf: (tf, [x]) => [tf.asinh(x!)],
  names: { onnx: { Asinh: unary('asinh') }, graph: { Asinh: reads('asinh') } },
  samples: unarySamples({}),
});
