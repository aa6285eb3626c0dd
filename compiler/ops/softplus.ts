import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'softplus',
  description: 'log(1 + eˣ)',
  inputs: 1,
  value: ([x]) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  expr: ([x]) => e.unary('softplus', x),
  tf: (tf, [x]) => [tf.softplus(x!)],
  names: {
    onnx: { Softplus: unary('softplus') },
    graph: { Softplus: reads('softplus') },
    activations: { softplus: (c, x) => c.one('softplus', [x]) },
  },
  samples: unarySamples({}),
});
