import { normalizeAxis } from '../ir/tensor.ts';
import { e } from '../plan/expr.ts';
import { groupView } from '../plan/view.ts';
import { defineOp, type NodeContext, type ValueId } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { softmax } from './onnx-math.ts';
import { along, reduceTensor, splitAxes } from './reduction.ts';
import { checkFloat, range } from './spatial.ts';
import { reads } from './tensorflow.ts';

export default defineOp<{ readonly axis: number }>({
  kind: 'logSoftmax',
  description: 'x − max − log Σ exp(x − max) over one axis',
  arity: [1, 1],
  infer([x], { axis }, place) {
    checkFloat([x], place);
    normalizeAxis(axis, x!.shape.length, place);
    return [{ dtype: 'float32', shape: x!.shape }];
  },
  eval([x], { axis }) {
    const at = normalizeAxis(axis, x!.shape.length);
    const total = reduceTensor(x!, 'float32', [at], true, (xs) => {
      const top = Math.max(...xs);
      return top + Math.log(xs.reduce((sum, v) => sum + Math.exp(v - top), 0));
    });
    const read = elements(x!);
    const sum = elements(total);
    return [tabulate('float32', x!.shape, (i) => read(i) - sum(i.map((n, d) => (d === at ? 0 : n))))];
  },
  lower(l, { axis }) {
    const { shape } = l.outputType(0);
    const { kept, gone } = splitAxes(shape.length, [axis]);
    const grouped = (v: typeof x) => groupView(v, [kept, gone]);
    const x = l.view(0);
    const rows = kept.map((d) => shape[d]);
    const row = () => groupView(l.temp('float32', rows), [range(0, rows.length)]);
    const [top, log] = [row(), row()];
    const powers = grouped(l.temp('float32', shape));
    const y = l.temp('float32', shape);
    l.emit({ form: 'reduce', fn: 'max', x: grouped(x), y: top });
    l.emit({
      form: 'pointwise',
      args: [grouped(x), along(top, grouped(x))],
      expr: e.unary('exp', e.sub(e.arg(0), e.arg(1))),
      y: powers,
    });
    l.emit({
      form: 'reduce',
      fn: 'sum',
      x: powers,
      epilogue: { expr: e.unary('log', e.arg(0)), args: [] },
      y: log,
    });
    l.emit({
      form: 'pointwise',
      args: [grouped(x), along(top, grouped(x)), along(log, grouped(x))],
      expr: e.sub(e.sub(e.arg(0), e.arg(1)), e.arg(2)),
      y: grouped(y),
    });
    return [y];
  },
  permute: ({ axis }, perm) => ({ attrs: { axis: perm[normalizeAxis(axis, perm.length)] }, perm }),
  tf: (tf, [x], { axis }) => [tf.sub(x!, tf.logSumExp(x!, axis, true))],
  names: {
    onnx: { LogSoftmax: softmax((c, x, axis) => c.one('logSoftmax', [x], { axis })) },
    graph: { LogSoftmax: reads('logSoftmax', 1, { axis: -1 }) },
    tflite: { LOG_SOFTMAX: reads('logSoftmax', 1, { axis: -1 }) },
    activations: { log_softmax: read, logSoftmax: read },
  },
  samples: [
    { name: 'classes', inputs: [{ shape: [1, 10] }], attrs: { axis: -1 } },
    { name: 'middle_axis', inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
    { name: 'large', inputs: [{ shape: [1, 3], values: [100, 99, 90] }], attrs: { axis: -1 } },
  ],
});

function read(c: NodeContext, x: ValueId) {
  return c.one('logSoftmax', [x], { axis: -1 });
}
