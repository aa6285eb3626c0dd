import { e } from '../plan/expr.ts';
import { reduce } from './onnx-math.ts';
import { defineReduction } from './reduction.ts';

export default defineReduction({
  kind: 'reduceL1',
  description: 'sum of magnitudes over axes',
  names: { onnx: { ReduceL1: reduce('reduceL1') } },
  types: ['float32', 'int32'],
  value: (xs) => xs.reduce((a, b) => a + Math.abs(b), 0),
  fn: 'sum',
  map: (x) => e.unary('abs', x),
  tf: (tf, x, axes, keepDims) => tf.sum(tf.abs(x), axes, keepDims),
});
