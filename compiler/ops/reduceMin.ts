import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceMin',
  description: 'minimum over axes',
  types: ['float32', 'int32', 'int8', 'uint8'],
  value: (xs) => xs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  fn: 'min',
  tf: (tf, x, axes, keepDims) => tf.min(x, axes, keepDims),
  names: {
    onnx: { ReduceMin: reduce('reduceMin') },
    graph: { Min: readsReduction('reduceMin') },
    tflite: { REDUCE_MIN: readsReduction('reduceMin') },
  },
});
