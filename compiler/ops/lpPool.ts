import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import { groupView } from '../plan/view.ts';
import { defineOp } from './define.ts';
import { pool } from './onnx-window.ts';
import { evalPool, inferPool, type PoolAttrs, poolLinks, poolMacs, poolSample } from './pool.ts';
import { range, slide } from './spatial.ts';

/** (Σ |x|^p)^(1/p) over a sliding window. */
export type LpPoolAttrs = PoolAttrs & { readonly p: number };

export default defineOp<LpPoolAttrs>({
  kind: 'lpPool',
  description: 'p-norm of a sliding window',
  arity: [1, 1],
  infer(inputs, a, place) {
    if (!Number.isInteger(a.p) || a.p < 1) throw badShape(`p must be a whole number ≥ 1, not ${a.p}`, place);
    return inferPool(inputs, a, place);
  },
  eval: ([x], a) => [
    evalPool(x!, a, (inside) => inside.reduce((s, v) => s + Math.abs(v) ** a.p, 0) ** (1 / a.p)),
  ],
  lower(l, a) {
    const { shape } = l.outputType(0);
    const y = l.temp('float32', shape);
    const powers = l.temp('float32', l.inputType(0).shape);
    const size = e.unary('abs', e.arg(0));
    const expr = a.p === 1 ? size : a.p === 2 ? e.mul(e.arg(0), e.arg(0)) : e.binary('pow', size, e.f32(a.p));
    l.emit({ form: 'pointwise', args: [l.view(0)], expr, y: powers });
    const root = a.p === 2 ? e.unary('sqrt', e.arg(0)) : e.binary('pow', e.arg(0), e.f32(1 / a.p));
    l.emit({
      form: 'window',
      reduce: 'sum',
      x: slide(l, powers, a.kernel, shape.slice(2), a),
      y: groupView(y, [[0], [1], range(2, shape.length)]),
      epilogue: a.p === 1 ? undefined : { expr: root, args: [] },
    });
    return [y];
  },
  macs: (_i, outputs, a) => poolMacs(outputs, a),
  channels: poolLinks,
  names: { onnx: { LpPool: pool('lpPool', (c) => ({ p: c.config.int('p', 2) })) } },
  samples: [
    poolSample<LpPoolAttrs>('p2', [1, 2, 6, 6], [3, 3], {
      strides: [2, 2],
      pads: [
        [1, 1],
        [0, 1],
      ],
      p: 2,
    }),
    poolSample<LpPoolAttrs>('p1', [1, 2, 8], [3], { p: 1 }),
    poolSample<LpPoolAttrs>('p3_ceil', [1, 1, 8], [3], { p: 3, ceil: true }),
  ],
});
