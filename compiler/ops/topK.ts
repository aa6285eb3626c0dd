import { badShape } from '../errors.ts';
import { normalizeAxis, sizeOf } from '../ir/tensor.ts';
import { transposeView } from '../plan/view.ts';
import { type Attrs, defineOp, type NodeContext, type Shape } from './define.ts';
import { elements, indices, tabulate } from './elements.ts';
import { plain } from './gather-step.ts';
import { onnxTopK } from './onnx-math.ts';
import { range } from './spatial.ts';
import { number } from './tensorflow.ts';

/** The k largest (or smallest) along `axis`, best first, and their int32 indices; of equal ones the first. */
export type TopKAttrs = Attrs & { readonly k: number; readonly axis: number; readonly largest: boolean };

export default defineOp<TopKAttrs>({
  kind: 'topK',
  description: 'the largest elements along an axis and where they are',
  arity: [1, 1],
  infer([x], a, place) {
    const axis = normalizeAxis(a.axis, x!.shape.length, place);
    if (x!.dtype !== 'float32' && x!.dtype !== 'int32') throw badShape(`element type ${x!.dtype}`, place);
    if (!Number.isInteger(a.k) || a.k < 0 || a.k > x!.shape[axis]) {
      throw badShape(`k = ${a.k}, but axis ${axis} has ${x!.shape[axis]} elements`, place);
    }
    const shape = cut(x!.shape, axis, a.k);
    return [
      { dtype: x!.dtype, shape },
      { dtype: 'int32', shape },
    ];
  },
  eval([x], a) {
    const axis = normalizeAxis(a.axis, x!.shape.length);
    const read = elements(x!);
    const places = new Map<string, number[]>();
    for (const index of indices(cut(x!.shape, axis, 1))) {
      const value = (i: number) => read(index.map((k, d) => (d === axis ? i : k)));
      const order = range(0, x!.shape[axis]).sort(
        (i, j) => (a.largest ? value(j) - value(i) : value(i) - value(j)) || i - j,
      );
      places.set(String(index), order);
    }
    const place = (index: readonly number[]) =>
      places.get(String(index.map((k, d) => (d === axis ? 0 : k))))![index[axis]];
    const shape = cut(x!.shape, axis, a.k);
    return [
      tabulate(x!.dtype, shape, (index) => read(index.map((k, d) => (d === axis ? place(index) : k)))),
      tabulate('int32', shape, place),
    ];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const rank = shape.length;
    const axis = normalizeAxis(a.axis, rank);
    const perm = [...range(0, rank).filter((d) => d !== axis), axis];
    const back = range(0, rank).map((d) => perm.indexOf(d));
    const x = plain(l, transposeView(l.view(0), perm));
    const turned = perm.map((d) => shape[d]);
    const y = l.temp(dtype, turned);
    const places = l.temp('int32', turned);
    l.emit({
      form: 'call',
      routine: dtype === 'int32' ? 'topKInt' : 'topK',
      args: [x],
      y,
      more: [places],
      params: [sizeOf(turned.slice(0, -1)), l.inputType(0).shape[axis], a.k, a.largest ? 1 : 0],
    });
    return [transposeView(y, back), transposeView(places, back)];
  },
  names: { onnx: { TopK: onnxTopK }, graph: { TopKV2: readTopK }, tflite: { TOPK_V2: readTopK } },
  samples: [
    { name: 'last', inputs: [{ shape: [3, 9] }], attrs: { k: 4, axis: -1, largest: true } },
    { name: 'first_axis', inputs: [{ shape: [6, 2] }], attrs: { k: 2, axis: 0, largest: false } },
    { name: 'all', inputs: [{ shape: [5] }], attrs: { k: 5, axis: 0, largest: true } },
    {
      name: 'ties',
      inputs: [{ shape: [2, 5], dtype: 'int32', values: [1, 3, 3, 0, 3, 2, 2, 2, 2, 2] }],
      attrs: { k: 3, axis: 1, largest: true },
    },
  ],
});

const cut = (shape: Shape, axis: number, k: number) => shape.map((d, i) => (i === axis ? k : d));

/** TensorFlow: (x, k), along the last axis. */
function readTopK(c: NodeContext) {
  return c.node('topK', [c.input(0)], { k: number(c, 1), axis: -1, largest: true });
}
