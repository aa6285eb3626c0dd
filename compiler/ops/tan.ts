import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'tan',
  description: 'tangent',
  inputs: 1,
  value: ([x]) => Math.tan(x),
  expr: ([x]) => e.unary('tan', x),
  tf: (tf, [x]) => [tf.tan(x!)],
  names: { onnx: { Tan: unary('tan') }, graph: { Tan: reads('tan') } },
  samples: unarySamples({}, { values: 'unit' }),
});
