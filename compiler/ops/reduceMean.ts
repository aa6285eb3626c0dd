import { reduce } from './onnx-math.ts';
import { defineReduction, readGlobalPool } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceMean',
  description: 'mean over axes',
  value: (xs) => xs.reduce((a, b) => a + b, 0) / xs.length,
  fn: 'mean',
  tf: (tf, x, axes, keepDims) => tf.mean(x, axes, keepDims),
  names: {
    onnx: { ReduceMean: reduce('reduceMean') },
    graph: { Mean: readsReduction('reduceMean') },
    tflite: { MEAN: readsReduction('reduceMean') },
    layers: {
      GlobalAveragePooling1D: (c) => readGlobalPool(c, 'reduceMean'),
      GlobalAveragePooling2D: (c) => readGlobalPool(c, 'reduceMean'),
    },
  },
});
