import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'sign',
  description: '−1, 0 or 1',
  inputs: 1,
  types: ['float32', 'int32', 'int8'],
  value: ([x]) => Math.sign(x),
  expr: ([x]) => e.unary('sign', x),
  tf: (tf, [x]) => [tf.sign(x!)],
  names: { onnx: { Sign: unary('sign') }, graph: { Sign: reads('sign') }, tflite: { SIGN: reads('sign') } },
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
