import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'abs',
  description: '|x|',
  inputs: 1,
  types: ['float32', 'int32', 'int8'],
  value: ([x]) => Math.abs(x),
  expr: ([x]) => e.unary('abs', x),
  tf: (tf, [x]) => [tf.abs(x!)],
  names: { onnx: { Abs: unary('abs') }, graph: { Abs: reads('abs') }, tflite: { ABS: reads('abs') } },
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
