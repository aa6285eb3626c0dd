import { e } from '../plan/expr.ts';
import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';
import { readsReduction } from './tensorflow-pick.ts';

export default defineReduction({
  kind: 'reduceL2',
  description: 'square root of the sum of squares over axes',
  value: (xs) => Math.sqrt(xs.reduce((a, b) => a + b * b, 0)),
  fn: 'sum',
  map: (x) => e.mul(x, x),
  finish: (y) => e.unary('sqrt', y),
  tf: (tf, x, axes, keepDims) => tf.sqrt(tf.sum(tf.square(x), axes, keepDims)),
  names: { onnx: { ReduceL2: reduce('reduceL2') }, graph: { EuclideanNorm: readsReduction('reduceL2') } },
});
