import { e } from '../plan/expr.ts';
import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceSumSquare',
  description: 'sum of squares over axes',
  names: { onnx: { ReduceSumSquare: reduce('reduceSumSquare') } },
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a + b * b, 0),
  fn: 'sum',
  map: (x) => e.mul(x, x),
  tf: (tf, x, axes, keepDims) => tf.sum(tf.square(x), axes, keepDims),
});
