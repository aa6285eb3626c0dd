import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise<Attrs & { readonly negative: boolean; readonly positive: boolean }>({
  kind: 'isInf',
  description: 'x is infinite, of the chosen signs',
  inputs: 1,
  dtype: () => 'bool',
  value: ([x], { negative, positive }) =>
    (x === Number.NEGATIVE_INFINITY && negative) || (x === Number.POSITIVE_INFINITY && positive) ? 1 : 0,
  expr: ([x], { negative, positive }) => {
    if (negative && positive) return e.unary('isinf', x);
    if (!negative && !positive) return e.i32(0);
    return e.binary('eq', x, e.f32(negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY));
  },
  names: {
    onnx: {
      IsInf: unary('isInf', (c) => ({
        negative: c.config.bool('detect_negative', true),
        positive: c.config.bool('detect_positive', true),
      })),
    },
    graph: { IsInf: reads('isInf') },
  },
  samples: [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ].map(([negative, positive]) => ({
    name: `negative_${negative}_positive_${positive}`,
    inputs: [{ shape: [4], values: [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY, Number.NaN] }],
    attrs: { negative, positive },
  })),
});
