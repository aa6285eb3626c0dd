import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'softsign',
  description: 'x / (1 + |x|)',
  inputs: 1,
  value: ([x]) => x / (1 + Math.abs(x)),
  expr: ([x]) => e.div(x, e.add(e.unary('abs', x), e.f32(1))),
  tf: (tf, [x]) => [tf.div(x!, tf.add(tf.abs(x!), 1))],
  names: {
    onnx: { Softsign: unary('softsign') },
    graph: { Softsign: reads('softsign') },
    activations: { softsign: (c, x) => c.one('softsign', [x]) },
  },
  samples: unarySamples({}),
});
