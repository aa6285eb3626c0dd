import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceSum',
  description: 'sum over axes',
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a + b, 0),
  fn: 'sum',
  tf: (tf, x, axes, keepDims) => tf.sum(x, axes, keepDims),
});
