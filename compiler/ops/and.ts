import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'and',
  description: 'logical and',
  inputs: 2,
  types: ['bool'],
  value: ([a, b]) => (a !== 0 && b !== 0 ? 1 : 0),
  expr: ([a, b]) => e.binary('and', a, b),
  tf: (tf, [a, b]) => [tf.logicalAnd(a!, b!)],
  names: {
    onnx: { And: binary('and') },
    graph: { LogicalAnd: reads('and', 2) },
    tflite: { LOGICAL_AND: reads('and', 2) },
  },
  samples: binarySamples({}, { dtype: 'bool' }),
});
