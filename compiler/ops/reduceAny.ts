import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceAny',
  description: 'true where any element over axes is',
  types: ['bool'],
  value: (xs) => (xs.some((x) => x !== 0) ? 1 : 0),
  fn: 'any',
  tf: (tf, x, axes, keepDims) => tf.any(x, axes, keepDims),
  names: { graph: { Any: readsReduction('reduceAny') }, tflite: { REDUCE_ANY: readsReduction('reduceAny') } },
});
