import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'neg',
  description: '−x',
  inputs: 1,
  types: ['float32', 'int32', 'int8'],
  value: ([x]) => -x,
  expr: ([x]) => e.unary('neg', x),
  tf: (tf, [x]) => [tf.neg(x!)],
  names: { onnx: { Neg: unary('neg') }, graph: { Neg: reads('neg') }, tflite: { NEG: reads('neg') } },
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
