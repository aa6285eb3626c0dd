import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceProd',
  description: 'product over axes',
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a * b, 1),
  fn: 'prod',
  tf: (tf, x, axes, keepDims) => tf.prod(x, axes, keepDims),
  names: {
    onnx: { ReduceProd: reduce('reduceProd') },
    graph: { Prod: readsReduction('reduceProd') },
    tflite: { REDUCE_PROD: readsReduction('reduceProd') },
  },
});
