import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import { type Attrs, defineOp } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { hasInput, single } from './onnx.ts';
import { onnxEyeLike } from './onnx-shape.ts';
import { scalarOf } from './pointwise.ts';

/** Keeps the upper (column − row ≥ k) or the lower (≤ k) triangle of the last two dimensions, zeros elsewhere. */
export type TriluAttrs = Attrs & { readonly upper: boolean; readonly k: number };

export default defineOp<TriluAttrs>({
  kind: 'trilu',
  description: 'upper or lower triangle of matrices',
  arity: [1, 1],
  infer([x], { k }, place) {
    if (x!.shape.length < 2) throw badShape(`[${x!.shape}] is no matrix`, place);
    if (!Number.isInteger(k)) throw badShape(`diagonal ${k} is not whole`, place);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  eval([x], { upper, k }) {
    const read = elements(x!);
    return [
      tabulate(x!.dtype, x!.shape, (index) => {
        const [row, column] = index.slice(-2);
        return (upper ? column - row >= k : column - row <= k) ? read(index) : 0;
      }),
    ];
  },
  lower(l, { upper, k }) {
    const { dtype, shape } = l.outputType(0);
    const [rows, columns] = shape.slice(-2);
    const mask = tabulate('bool', [rows, columns], ([i, j]) => Number(upper ? j - i >= k : j - i <= k));
    const m = l.constant(mask);
    const y = l.temp(dtype, shape);
    const still = shape.slice(0, -2).map((size) => [{ size, axis: -1, step: 0 }]);
    const type = scalarOf(dtype);
    l.emit({
      form: 'pointwise',
      args: [l.view(0), { ...m, dims: [...still, ...m.dims] }],
      expr: e.select(e.arg(1, 'i32'), e.arg(0, type), type === 'f32' ? e.f32(0) : e.i32(0)),
      y,
    });
    return [y];
  },
  tf: (tf, [x], { upper, k }) => {
    const [rows, columns] = x!.shape.slice(-2);
    const keep = tabulate('float32', [rows!, columns!], ([i, j]) => Number(upper ? j - i >= k : j - i <= k));
    return [tf.mul(x!, tf.tensor(keep.data, [rows!, columns!]))];
  },
  names: {
    onnx: {
      EyeLike: onnxEyeLike,
      Trilu: (c) =>
        c.one('trilu', [c.input(0)], {
          upper: c.config.bool('upper', true),
          k: hasInput(c, 1) ? single(c, 1) : 0,
        }),
    },
  },
  samples: [
    { name: 'upper', inputs: [{ shape: [2, 4, 5] }], attrs: { upper: true, k: 1 } },
    { name: 'lower', inputs: [{ shape: [5, 4] }], attrs: { upper: false, k: 0 } },
    { name: 'lower_int', inputs: [{ shape: [3, 3], dtype: 'int32' }], attrs: { upper: false, k: -1 } },
  ],
});
