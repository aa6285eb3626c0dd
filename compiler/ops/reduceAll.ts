import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceAll',
  description: 'true where all elements over axes are',
  types: ['bool'],
  value: (xs) => (xs.every((x) => x !== 0) ? 1 : 0),
  fn: 'all',
  tf: (tf, x, axes, keepDims) => tf.all(x, axes, keepDims),
});
