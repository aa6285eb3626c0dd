import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceAll',
  description: 'true where all elements over axes are',
  types: ['bool'],
  value: (xs) => (xs.every((x) => x !== 0) ? 1 : 0),
  fn: 'all',
  tf: (tf, x, axes, keepDims) => tf.all(x, axes, keepDims),
  names: { graph: { All: readsReduction('reduceAll') }, tflite: { REDUCE_ALL: readsReduction('reduceAll') } },
});
