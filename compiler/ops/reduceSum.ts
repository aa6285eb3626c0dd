import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceSum',
  description: 'sum over axes',
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a + b, 0),
  fn: 'sum',
  tf: (tf, x, axes, keepDims) => tf.sum(x, axes, keepDims),
  names: {
    onnx: { ReduceSum: reduce('reduceSum') },
    graph: { Sum: readsReduction('reduceSum') },
    tflite: { SUM: readsReduction('reduceSum') },
  },
});
