import { e } from '../plan/expr.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'notEqual',
  description: 'a ≠ b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a !== b ? 1 : 0),
  expr: ([a, b]) => e.binary('ne', a, b),
  tf: (tf, [a, b]) => [tf.notEqual(a!, b!)],
  names: { graph: { NotEqual: reads('notEqual', 2) }, tflite: { NOT_EQUAL: reads('notEqual', 2) } },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
