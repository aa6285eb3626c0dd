import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'acos',
  description: 'arc cosine',
  inputs: 1,
  value: ([x]) => Math.acos(x),
  expr: ([x]) => e.unary('acos', x),
  tf: (tf, [x]) => [tf.acos(x!)],
  names: { onnx: { Acos: unary('acos') }, graph: { Acos: reads('acos') } },
  samples: unarySamples({}, { values: 'unit' }),
});
