import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'lessEqual',
  description: 'a ≤ b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a <= b ? 1 : 0),
  expr: ([a, b]) => e.binary('le', a, b),
  tf: (tf, [a, b]) => [tf.lessEqual(a!, b!)],
  names: {
    onnx: { LessOrEqual: binary('lessEqual') },
    graph: { LessEqual: reads('lessEqual', 2) },
    tflite: { LESS_EQUAL: reads('lessEqual', 2) },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
