import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { anyType, binarySamples, definePointwise, same } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'less',
  description: 'a < b',
  inputs: 2,
  types: anyType,
  dtype: same('bool'),
  value: ([a, b]) => (a < b ? 1 : 0),
  expr: ([a, b]) => e.binary('lt', a, b),
  tf: (tf, [a, b]) => [tf.less(a!, b!)],
  names: {
    onnx: { Less: binary('less') },
    graph: { Less: reads('less', 2) },
    tflite: { LESS: reads('less', 2) },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32', values: 'index', below: 3 }, undefined, 'int_'),
  ],
});
