import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';
import { reads, readsFused } from './tensorflow.ts';

export default definePointwise({
  kind: 'div',
  description: 'a / b; integers truncate, and give 0 where b is 0',
  inputs: 2,
  types: numeric,
  value: ([a, b], _attrs, dtype) => (dtype === 'float32' ? a / b : b === 0 ? 0 : Math.trunc(a / b)),
  expr: ([a, b]) => e.binary('div', a, b),
  identity: ([a, b]) => (neutral(a, b, 1) ? 0 : undefined),
  tf: (tf, [a, b]) => [tf.div(a!, b!)],
  names: {
    onnx: { Div: binary('div') },
    graph: { Div: reads('div', 2), RealDiv: reads('div', 2) },
    tflite: { DIV: readsFused('div') },
  },
  samples: [
    ...binarySamples({}, {}, { values: 'positive' }),
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_'),
  ],
});
