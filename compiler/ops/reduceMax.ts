import { reduce } from './onnx-math.ts';
import { defineReduction, readGlobalPool } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceMax',
  description: 'maximum over axes',
  types: ['float32', 'int32', 'int8', 'uint8'],
  value: (xs) => xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  fn: 'max',
  tf: (tf, x, axes, keepDims) => tf.max(x, axes, keepDims),
  names: {
    onnx: { ReduceMax: reduce('reduceMax') },
    graph: { Max: readsReduction('reduceMax') },
    tflite: { REDUCE_MAX: readsReduction('reduceMax') },
    layers: {
      GlobalMaxPooling1D: (c) => readGlobalPool(c, 'reduceMax'),
      GlobalMaxPooling2D: (c) => readGlobalPool(c, 'reduceMax'),
    },
  },
});
