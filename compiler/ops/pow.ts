import { e } from '../plan/expr.ts';
import { onnxPow } from './onnx-math.ts';
import { binarySamples, definePointwise, neutral } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'pow',
  description: 'aᵇ',
  inputs: 2,
  types: ['float32', 'int32'],
  value: ([a, b]) => a ** b,
  expr: ([a, b]) => {
    if (b.op === 'const' && b.type === 'f32') {
      if (b.value === 2) return e.mul(a, a);
      if (b.value === 3) return e.mul(e.mul(a, a), a);
      if (b.value === 1) return a;
      if (b.value === -1) return e.unary('recip', a);
    }
    return e.binary('pow', a, b);
  },
  identity: ([a, b]) => (neutral(a, b, 1) ? 0 : undefined),
  tf: (tf, [a, b]) => [tf.pow(a!, b!)],
  names: { onnx: { Pow: onnxPow }, graph: { Pow: reads('pow', 2) }, tflite: { POW: reads('pow', 2) } },
  samples: [
    ...binarySamples({}, { values: 'positive' }, {}),
    ...binarySamples(
      {},
      { dtype: 'int32', values: 'index' },
      { dtype: 'int32', values: 'index', below: 7 },
      'int_',
    ),
    ...[-1, 1, 2, 3].map((n) => ({
      name: `to_${n}`,
      inputs: [{ shape: [1, 11] }, { shape: [], constant: true, values: [n] }],
      attrs: {},
    })),
  ],
});
