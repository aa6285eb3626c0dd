import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'not',
  description: 'logical not',
  inputs: 1,
  types: ['bool'],
  value: ([x]) => (x === 0 ? 1 : 0),
  expr: ([x]) => e.unary('not', x),
  tf: (tf, [x]) => [tf.logicalNot(x!)],
  names: {
    onnx: { Not: unary('not') },
    graph: { LogicalNot: reads('not') },
    tflite: { LOGICAL_NOT: reads('not') },
  },
  samples: unarySamples({}, { dtype: 'bool' }),
});
