import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { variadic } from './onnx.ts';
import { binarySamples, definePointwise, numeric } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'maximum',
  description: 'the larger of a and b; NaN wins',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => Math.max(a, b),
  expr: ([a, b]) => e.binary('max', a, b),
  // The gradient of tf.maximum is wrong where operands stretch.
  tf: (tf, [a, b]) => [tf.add(b!, tf.relu(tf.sub(a!, b!)))],
  names: {
    onnx: { Max: variadic('maximum') },
    graph: { Maximum: reads('maximum', 2) },
    tflite: { MAXIMUM: reads('maximum', 2) },
    layers: { Maximum: (c) => mergeLayer(c, 'maximum') },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
