import { allocate, normalizeAxis, rowMajor } from '../ir/tensor.ts';
import { e } from '../plan/expr.ts';
import { groupView } from '../plan/view.ts';
import { defineOp, type NodeContext, type ValueId } from './define.ts';
import { softmax } from './onnx-math.ts';
import { range } from './spatial.ts';

export default defineOp<{ readonly axis: number }>({
  kind: 'softmax',
  description: 'exp(x − max) / Σ exp(x − max) over one axis',
  arity: [1, 1],
  infer([x], { axis }, place) {
    normalizeAxis(axis, x!.shape.length, place);
    return [{ dtype: 'float32', shape: x!.shape }];
  },
  eval([x], attrs) {
    const axis = normalizeAxis(attrs.axis, x!.shape.length);
    const n = x!.shape[axis];
    const stride = rowMajor(x!.shape)[axis];
    const data = allocate('float32', x!.data.length);
    for (let i = 0; i < data.length; i++) {
      if (Math.floor(i / stride) % n !== 0) continue;
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) top = Math.max(top, x!.data[i + j * stride]);
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.exp(x!.data[i + j * stride] - top);
      for (let j = 0; j < n; j++) data[i + j * stride] = Math.exp(x!.data[i + j * stride] - top) / sum;
    }
    return [{ dtype: 'float32', shape: x!.shape, data }];
  },
  lower(l, attrs) {
    const { shape } = l.outputType(0);
    const axis = normalizeAxis(attrs.axis, shape.length);
    const outer = range(0, shape.length).filter((d) => d !== axis);
    const grouped = (v: ReturnType<typeof l.temp>) => groupView(v, [outer, [axis]]);
    const rows = outer.reduce((s, d) => s * shape[d], 1);
    const along = (v: ReturnType<typeof l.temp>) => ({
      ...v,
      dims: [v.dims[0], [{ size: shape[axis], axis: -1, step: 0 }]],
    });
    const x = grouped(l.view(0));
    const top = l.temp('float32', [rows]);
    const sum = l.temp('float32', [rows]);
    const raw = l.temp('float32', shape);
    const y = l.temp('float32', shape);
    l.emit({ form: 'reduce', fn: 'max', x, y: top });
    l.emit({
      form: 'pointwise',
      args: [x, along(top)],
      expr: e.unary('exp', e.sub(e.arg(0), e.arg(1))),
      y: grouped(raw),
    });
    l.emit({ form: 'reduce', fn: 'sum', x: grouped(raw), y: sum });
    l.emit({
      form: 'pointwise',
      args: [grouped(raw), along(sum)],
      expr: e.div(e.arg(0), e.arg(1)),
      y: grouped(y),
    });
    return [y];
  },
  permute: ({ axis }, perm) => ({ attrs: { axis: perm[normalizeAxis(axis, perm.length)] }, perm }),
  tf: (tf, [x], { axis }) => {
    const rank = x!.shape.length;
    const at = normalizeAxis(axis, rank);
    if (at === rank - 1) return [tf.softmax(x!)];
    const perm = [...range(0, rank).filter((d) => d !== at), at];
    const back = perm.map((_, i) => perm.indexOf(i));
    return [tf.transpose(tf.softmax(tf.transpose(x!, perm)), back)];
  },
  names: {
    onnx: { Softmax: softmax((c, x, axis) => c.one('softmax', [x], { axis })) },
    graph: { Softmax: (c) => soft(c, c.input(0), -1) },
    tflite: { SOFTMAX: readLite },
    layers: { Softmax: (c) => soft(c, c.input(0), c.config.int('axis', -1)) },
    activations: { softmax: (c, x) => soft(c, x, -1) },
  },
  samples: [
    { name: 'classes', inputs: [{ shape: [1, 10] }], attrs: { axis: -1 } },
    { name: 'middle_axis', inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
    { name: 'single', inputs: [{ shape: [1, 1] }], attrs: { axis: 1 } },
  ],
});

const soft = (c: NodeContext, x: ValueId, axis: number) => c.one('softmax', [x], { axis });

/** TFLite: softmax of β · x. */
function readLite(c: NodeContext) {
  const beta = c.config.float('beta', 1);
  return soft(c, beta === 1 ? c.input(0) : c.one('mul', [c.input(0), c.b.scalar(beta)]), -1);
}
