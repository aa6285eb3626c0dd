import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { variadic } from './onnx.ts';
import { binarySamples, definePointwise, numeric } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'minimum',
  description: 'the smaller of a and b; NaN wins',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => Math.min(a, b),
  expr: ([a, b]) => e.binary('min', a, b),
  // The gradient of tf.minimum is wrong where operands stretch.
  tf: (tf, [a, b]) => [tf.sub(a!, tf.relu(tf.sub(a!, b!)))],
  names: {
    onnx: { Min: variadic('minimum') },
    graph: { Minimum: reads('minimum', 2) },
    tflite: { MINIMUM: reads('minimum', 2) },
    layers: { Minimum: (c) => mergeLayer(c, 'minimum') },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
