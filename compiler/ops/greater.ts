import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'greater',
  description: 'a > b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a > b ? 1 : 0),
  expr: ([a, b]) => e.binary('gt', a, b),
  tf: (tf, [a, b]) => [tf.greater(a!, b!)],
  names: {
    onnx: { Greater: binary('greater') },
    graph: { Greater: reads('greater', 2) },
    tflite: { GREATER: reads('greater', 2) },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
