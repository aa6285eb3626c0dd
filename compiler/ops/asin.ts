import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'asin',
  description: 'arc sine',
  inputs: 1,
  value: ([x]) => Math.asin(x),
  expr: ([x]) => e.unary('asin', x),
  tf: (tf, [x]) => [tf.asin(x!)],
  names: { onnx: { Asin: unary('asin') }, graph: { Asin: reads('asin') } },
  samples: unarySamples({}, { values: 'unit' }),
});
