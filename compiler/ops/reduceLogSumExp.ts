import { e } from '../plan/expr.ts';
import { groupView } from '../plan/view.ts';
import { defineOp } from './define.ts';
import { reduce } from './onnx-math.ts';
import {
  along,
  permuteReduction,
  type ReduceAttrs,
  reducedShape,
  reduceTensor,
  reductionLinks,
  splitAxes,
} from './reduction.ts';
import { checkFloat, range } from './spatial.ts';

export default defineOp<ReduceAttrs>({
  kind: 'reduceLogSumExp',
  description: 'log Σ eˣ over axes, shifted by the maximum so that nothing overflows',
  arity: [1, 1],
  infer([x], { axes, keepDims }, place) {
    checkFloat([x], place);
    return [{ dtype: 'float32', shape: reducedShape(x!.shape, axes, keepDims, place) }];
  },
  eval: ([x], { axes, keepDims }) => [
    reduceTensor(x!, 'float32', axes, keepDims, (xs) => {
      const top = Math.max(...xs);
      return top + Math.log(xs.reduce((sum, v) => sum + Math.exp(v - top), 0));
    }),
  ],
  lower(l, { axes }) {
    const { shape } = l.outputType(0);
    const { kept, gone } = splitAxes(l.inputType(0).shape.length, axes);
    const x = groupView(l.view(0), [kept, gone]);
    const rows = (v: typeof x) => groupView(v, [range(0, shape.length)]);
    const top = l.temp('float32', shape);
    const powers = groupView(l.temp('float32', l.inputType(0).shape), [kept, gone]);
    const sum = l.temp('float32', shape);
    const y = l.temp('float32', shape);
    l.emit({ form: 'reduce', fn: 'max', x, y: rows(top) });
    l.emit({
      form: 'pointwise',
      args: [x, along(rows(top), x)],
      expr: e.unary('exp', e.sub(e.arg(0), e.arg(1))),
      y: powers,
    });
    l.emit({ form: 'reduce', fn: 'sum', x: powers, y: rows(sum) });
    l.emit({
      form: 'pointwise',
      args: [sum, top],
      expr: e.add(e.unary('log', e.arg(0)), e.arg(1)),
      y,
    });
    return [y];
  },
  permute: permuteReduction,
  channels: ([x], _o, { axes, keepDims }) => reductionLinks(x!.shape.length, axes, keepDims),
  tf: (tf, [x], { axes, keepDims }) => [tf.logSumExp(x!, [...axes], keepDims)],
  names: { onnx: { ReduceLogSumExp: reduce('reduceLogSumExp') } },
  samples: [
    { name: 'last', inputs: [{ shape: [2, 3, 5] }], attrs: { axes: [-1], keepDims: false } },
    { name: 'outer_and_inner', inputs: [{ shape: [2, 3, 4] }], attrs: { axes: [0, 2], keepDims: true } },
    {
      name: 'large',
      inputs: [{ shape: [1, 3], values: [100, 99, -200] }],
      attrs: { axes: [1], keepDims: false },
    },
  ],
});
