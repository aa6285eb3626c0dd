import { badShape } from '../errors.ts';
import { broadcastShapes, sizeOf } from '../ir/tensor.ts';
import { broadcastView, type View } from '../plan/view.ts';
import {
  defineOp,
  type LayerContext,
  type Lowering,
  type Shape,
  type TfTensor,
  type ValueId,
} from './define.ts';
import { readEinsum } from './einsum.ts';
import { elements, tabulate } from './elements.ts';
import { onnxMatMul, onnxMatMulInteger } from './onnx-product.ts';
import { range } from './spatial.ts';
import { strided } from './strided.ts';
import { batchMatMul } from './tensorflow-matmul.ts';

/** a […, M, K] · b […, K, N] → […, M, N]; leading dimensions broadcast. Constant [K, N] on the right is better read as `dense`. */
export default defineOp({
  kind: 'matmul',
  description: 'matrix product of two tensors computed at run time, batched',
  arity: [2, 2],
  infer([a, b], _a, place) {
    if (a!.dtype !== 'float32' || b!.dtype !== 'float32')
      throw badShape('matrix products take float32', place);
    if (a!.shape.length < 2 || b!.shape.length < 2 || a!.shape.at(-1) !== b!.shape.at(-2)) {
      throw badShape(`[${a!.shape}] · [${b!.shape}] don't multiply`, place);
    }
    const batch = broadcastShapes([a!.shape.slice(0, -2), b!.shape.slice(0, -2)], place);
    return [{ dtype: 'float32', shape: [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!] }];
  },
  eval([a, b]) {
    const batch = broadcastShapes([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    const k = a!.shape.at(-1)!;
    const left = elements(a!);
    const right = elements(b!);
    const lead = (shape: Shape, index: readonly number[]) => {
      const skip = batch.length - (shape.length - 2);
      return shape.slice(0, -2).map((d, i) => (d === 1 ? 0 : index[skip + i]));
    };
    return [
      tabulate('float32', [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!], (index) => {
        const [i, j] = index.slice(-2);
        const [p, q] = [lead(a!.shape, index), lead(b!.shape, index)];
        let sum = 0;
        for (let t = 0; t < k; t++) sum += left([...p, i, t]) * right([...q, t, j]);
        return sum;
      }),
    ];
  },
  lower(l) {
    const { shape } = l.outputType(0);
    const batch = shape.slice(0, -2);
    const [m, n] = shape.slice(-2);
    const k = l.inputType(0).shape.at(-1)!;
    const y = l.temp('float32', shape);
    const a = operand(l, broadcastView(l.view(0), [...batch, m, k]), batch);
    const b = operand(l, broadcastView(l.view(1), [...batch, k, n]), batch);
    const [outer, inner] = [sizeOf(batch.slice(0, -1)), batch.at(-1) ?? 1];
    l.emit({
      form: 'call',
      routine: 'matmul',
      args: [a.value, b.value],
      y,
      params: [outer, inner, m, n, k, ...a.strides, ...b.strides],
    });
    return [y];
  },
  macs: ([a], [y]) => sizeOf(y.shape) * a!.shape.at(-1)!,
  // tf.matMul broadcasts equal ranks only, and its gradient not at all.
  tf: (tf, [a, b]) => {
    const batch = broadcastShapes([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    const full = (t: TfTensor) => tf.broadcastTo(t, [...batch, ...t.shape.slice(-2)]);
    return [tf.matMul(full(a!) as never, full(b!) as never)];
  },
  names: {
    onnx: { Einsum: readEinsum, MatMul: onnxMatMul, MatMulInteger: onnxMatMulInteger },
    graph: { BatchMatMul: batchMatMul, BatchMatMulV2: batchMatMul, Einsum: readEinsum },
    tflite: { BATCH_MATMUL: batchMatMul },
    layers: { Dot: readDot },
  },
  samples: [
    { name: 'matrices', inputs: [{ shape: [5, 7] }, { shape: [7, 6] }], attrs: {} },
    { name: 'wide', inputs: [{ shape: [3, 9] }, { shape: [9, 37] }], attrs: {} },
    { name: 'batched', inputs: [{ shape: [2, 3, 4, 5] }, { shape: [2, 3, 5, 4] }], attrs: {} },
    { name: 'broadcast', inputs: [{ shape: [2, 1, 4, 5] }, { shape: [3, 5, 2] }], attrs: {} },
    { name: 'row', inputs: [{ shape: [1, 8] }, { shape: [2, 8, 1] }], attrs: {} },
  ],
});

/** A value with the first element and the strides of outer batch, inner batch, row, column; copied where it has none. */
function operand(l: Lowering, v: View, batch: Shape) {
  const rank = v.dims.length;
  const groups = [
    range(0, Math.max(0, batch.length - 1)),
    batch.length > 0 ? [batch.length - 1] : [],
    [rank - 2],
    [rank - 1],
  ];
  return strided(v, groups) ?? strided(l.materialize(v), groups)!;
}

/** Keras Dot: contracts one axis of each input (batch kept), after optional l2 normalization along it. */
function readDot(c: LayerContext): ValueId {
  const given = c.config.raw('axes');
  const list = Array.isArray(given) ? given : [given, given];
  const ids = [c.input(0), c.input(1)];
  const [left, right] = ids.map((id, i) => {
    const rank = c.b.shape(id).length;
    const axis = list[i] < 0 ? list[i] + rank : list[i];
    if (!Number.isInteger(axis) || axis < 1 || axis >= rank || rank < 2 || rank > 3) {
      c.unsupported(`axes ${JSON.stringify(given)} of inputs of rank ${rank}`);
    }
    const scaled = c.config.bool('normalize', false)
      ? c.one('l2Normalize', [id], { axes: [axis], epsilon: 1e-12 })
      : id;
    return { id: scaled, rank, axis };
  });
  const shape = (id: ValueId) => c.b.shape(id);
  // [N, M, K] and [N, K, R]; vectors are matrices of one row or column.
  const a =
    left.rank === 2
      ? c.one('reshape', [left.id], { shape: [shape(left.id)[0], 1, shape(left.id)[1]] })
      : left.id;
  const b = right.rank === 2 ? c.one('reshape', [right.id], { shape: [...shape(right.id), 1] }) : right.id;
  const turned = (id: ValueId) => c.one('transpose', [id], { perm: [0, 2, 1] });
  const y = c.one('matmul', [
    left.rank === 3 && left.axis === 1 ? turned(a) : a,
    right.rank === 3 && right.axis === 2 ? turned(b) : b,
  ]);
  const [n, m, r] = shape(y);
  const out = [n, ...(left.rank === 3 ? [m] : []), ...(right.rank === 3 ? [r] : [])];
  return c.one('reshape', [y], { shape: out.length === 1 ? [n, 1] : out });
}
