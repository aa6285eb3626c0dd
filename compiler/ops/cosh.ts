import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'cosh',
  description: 'hyperbolic cosine',
  inputs: 1,
  value: ([x]) => Math.cosh(x),
  expr: ([x]) => e.unary('cosh', x),
  tf: (tf, [x]) => [tf.cosh(x!)],
  names: { onnx: { Cosh: unary('cosh') }, graph: { Cosh: reads('cosh') } },
  samples: unarySamples({}),
});
