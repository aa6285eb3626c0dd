import { e } from '../plan/expr.ts';
import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceLogSum',
  description: 'logarithm of the sum over axes',
  names: { onnx: { ReduceLogSum: reduce('reduceLogSum') } },
  value: (xs) => Math.log(xs.reduce((a, b) => a + b, 0)),
  fn: 'sum',
  finish: (y) => e.unary('log', y),
  tf: (tf, x, axes, keepDims) => tf.log(tf.sum(x, axes, keepDims)),
});
