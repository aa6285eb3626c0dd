import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';
import { reads, readsFused } from './tensorflow.ts';

export default definePointwise({
  kind: 'sub',
  description: 'a − b',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => a - b,
  expr: ([a, b]) => e.binary('sub', a, b),
  identity: ([a, b]) => (neutral(a, b, 0) ? 0 : undefined),
  tf: (tf, [a, b]) => [tf.sub(a!, b!)],
  names: {
    onnx: { Sub: binary('sub') },
    graph: { Sub: reads('sub', 2) },
    tflite: { SUB: readsFused('sub') },
    layers: { Subtract: (c) => mergeLayer(c, 'sub') },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
