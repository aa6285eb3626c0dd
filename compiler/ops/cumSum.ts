import { badShape } from '../errors.ts';
import { allocate, normalizeAxis, rowMajor, sameShape } from '../ir/tensor.ts';
import { e } from '../plan/expr.ts';
import { isIdentity, type View } from '../plan/view.ts';
import { type Attrs, defineOp, type NodeContext } from './define.ts';
import { single } from './onnx.ts';
import { onnxRange } from './onnx-shape.ts';
import { scalarOf } from './pointwise.ts';
import { splitAxes } from './reduction.ts';
import { number } from './tensorflow.ts';

type CumSumAttrs = Attrs & { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };

export default defineOp<CumSumAttrs>({
  kind: 'cumSum',
  description: 'running sum along an axis, from either end, with or without the element itself',
  arity: [1, 1],
  infer([x], { axis }, place) {
    normalizeAxis(axis, x!.shape.length, place);
    if (x!.dtype !== 'float32' && x!.dtype !== 'int32') throw badShape(`running sum of ${x!.dtype}`, place);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  eval([x], { axis, exclusive, reverse }) {
    const at = normalizeAxis(axis, x!.shape.length);
    const n = x!.shape[at];
    const stride = rowMajor(x!.shape)[at];
    const data = allocate(x!.dtype, x!.data.length);
    for (let first = 0; first < data.length; first++) {
      if (Math.floor(first / stride) % n !== 0) continue;
      let sum = 0;
      for (let k = 0; k < n; k++) {
        const i = first + stride * (reverse ? n - 1 - k : k);
        if (!exclusive) sum += x!.data[i];
        data[i] = sum;
        if (exclusive) sum += x!.data[i];
      }
    }
    return [{ dtype: x!.dtype, shape: x!.shape, data }];
  },
  lower(l, { axis, exclusive, reverse }) {
    const { dtype, shape } = l.outputType(0);
    const at = normalizeAxis(axis, shape.length);
    const type = scalarOf(dtype);
    const seen = l.view(0);
    // The scan moves along an axis of the value: it must be the axis of the view.
    const x = isIdentity(seen) && sameShape(seen.shape, shape) ? seen : l.materialize(seen);
    const y = l.temp(dtype, shape);
    const sum = l.temp(
      dtype,
      shape.map((d, i) => (i === at ? 1 : d)),
    );
    // The scan moves these to every position of the axis.
    const first = (v: View): View => ({ ...v, dims: v.dims.map((d, i) => (i === at ? [] : d)) });
    l.emit({ form: 'pointwise', args: [], expr: type === 'f32' ? e.f32(0) : e.i32(0), y: sum });
    const body = l.collect(() => {
      const advance = {
        form: 'pointwise',
        args: [sum, first(x)],
        expr: e.add(e.arg(0, type), e.arg(1, type)),
        y: sum,
      } as const;
      const keep = { form: 'move', x: sum, y: first(y), fill: 0 } as const;
      for (const step of exclusive ? [keep, advance] : [advance, keep]) l.emit(step);
    });
    const moving = [x, y].map((v) => ({ value: v.value, axis: at, step: 1 }));
    l.emit({ form: 'scan', count: shape[at], reverse, moving, body, y });
    return [y];
  },
  permute: (attrs, perm) => ({
    attrs: { ...attrs, axis: perm[normalizeAxis(attrs.axis, perm.length)] },
    perm,
  }),
  // The gradient of tf.cumsum is right for the last axis only.
  tf: (tf, [x], { axis, exclusive, reverse }) => {
    const { kept, gone } = splitAxes(x!.shape.length, [axis]);
    const perm = [...kept, ...gone];
    const sums = tf.cumsum(tf.transpose(x!, perm), kept.length, exclusive, reverse);
    return [
      tf.transpose(
        sums,
        perm.map((_, d) => perm.indexOf(d)),
      ),
    ];
  },
  names: {
    onnx: {
      Range: onnxRange,
      CumSum: (c) =>
        c.one('cumSum', [c.input(0)], {
          axis: single(c, 1),
          exclusive: c.config.bool('exclusive', false),
          reverse: c.config.bool('reverse', false),
        }),
    },
    graph: { Cumsum: readCumsum },
    tflite: { CUMSUM: readCumsum },
  },
  samples: [false, true].flatMap((exclusive) =>
    [false, true].flatMap((reverse) => [
      {
        name: `${exclusive ? 'exclusive' : 'inclusive'}_${reverse ? 'backward' : 'forward'}`,
        inputs: [{ shape: [2, 5, 3] }],
        attrs: { axis: 1, exclusive, reverse },
      },
      {
        name: `int_${exclusive ? 'exclusive' : 'inclusive'}_${reverse ? 'backward' : 'forward'}`,
        inputs: [{ shape: [1, 7], dtype: 'int32' as const }],
        attrs: { axis: -1, exclusive, reverse },
      },
    ]),
  ),
});

/** TensorFlow: (x, axis). */
function readCumsum(c: NodeContext) {
  const [exclusive, reverse] = [c.config.bool('exclusive', false), c.config.bool('reverse', false)];
  return c.one('cumSum', [c.input(0)], { axis: number(c, 1), exclusive, reverse });
}
