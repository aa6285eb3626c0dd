import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceProd',
  description: 'product over axes',
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a * b, 1),
  fn: 'prod',
  tf: (tf, x, axes, keepDims) => tf.prod(x, axes, keepDims),
});
