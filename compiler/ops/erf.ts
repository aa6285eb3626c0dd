import { erf } from '../ir/special.ts';
import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'erf',
  description: 'error function',
  inputs: 1,
  value: ([x]) => erf(x),
  expr: ([x]) => e.unary('erf', x),
  tf: (tf, [x]) => [tf.erf(x!)],
  names: { onnx: { Erf: unary('erf') }, graph: { Erf: reads('erf') } },
  samples: unarySamples({}),
});
