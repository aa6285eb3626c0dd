import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'equal',
  description: 'a = b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a === b ? 1 : 0),
  expr: ([a, b]) => e.binary('eq', a, b),
  tf: (tf, [a, b]) => [tf.equal(a!, b!)],
  names: {
    onnx: { Equal: binary('equal') },
    graph: { Equal: reads('equal', 2) },
    tflite: { EQUAL: reads('equal', 2) },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
