import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'or',
  description: 'logical or',
  inputs: 2,
  types: ['bool'],
  value: ([a, b]) => (a !== 0 || b !== 0 ? 1 : 0),
  expr: ([a, b]) => e.binary('or', a, b),
  tf: (tf, [a, b]) => [tf.logicalOr(a!, b!)],
  names: {
    onnx: { Or: binary('or') },
    graph: { LogicalOr: reads('or', 2) },
    tflite: { LOGICAL_OR: reads('or', 2) },
  },
  samples: binarySamples({}, { dtype: 'bool' }),
});
