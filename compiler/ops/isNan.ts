import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'isNan',
  description: 'x is no number',
  inputs: 1,
  dtype: () => 'bool',
  value: ([x]) => (Number.isNaN(x) ? 1 : 0),
  expr: ([x]) => e.unary('isnan', x),
  tf: (tf, [x]) => [tf.isNaN(x!)],
  names: { onnx: { IsNaN: unary('isNan') }, graph: { IsNan: reads('isNan') } },
  samples: [
    {
      name: 'some',
      inputs: [{ shape: [5], values: [0, Number.NaN, 1, Number.POSITIVE_INFINITY, -1] }],
      attrs: {},
    },
  ],
});
