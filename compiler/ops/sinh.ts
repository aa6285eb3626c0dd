import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'sinh',
  description: 'hyperbolic sine',
  inputs: 1,
  value: ([x]) => Math.sinh(x),
  expr: ([x]) => e.unary('sinh', x),
  tf: (tf, [x]) => [tf.sinh(x!)],
  names: { onnx: { Sinh: unary('sinh') }, graph: { Sinh: reads('sinh') } },
  samples: unarySamples({}),
});
