import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'reciprocal',
  description: '1/x',
  inputs: 1,
  value: ([x]) => 1 / x,
  expr: ([x]) => e.unary('recip', x),
  tf: (tf, [x]) => [tf.reciprocal(x!)],
  names: {
    onnx: { Reciprocal: unary('reciprocal') },
    graph: { Reciprocal: reads('reciprocal'), Inv: reads('reciprocal') },
  },
  samples: unarySamples({}, { values: 'positive' }),
});
