import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'greaterEqual',
  description: 'a ≥ b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a >= b ? 1 : 0),
  expr: ([a, b]) => e.binary('ge', a, b),
  tf: (tf, [a, b]) => [tf.greaterEqual(a!, b!)],
  names: {
    onnx: { GreaterOrEqual: binary('greaterEqual') },
    graph: { GreaterEqual: reads('greaterEqual', 2) },
    tflite: { GREATER_EQUAL: reads('greaterEqual', 2) },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
