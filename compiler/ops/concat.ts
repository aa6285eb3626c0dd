import { badShape } from '../errors.ts';
import { normalizeAxis } from '../ir/tensor.ts';
import { sliceView } from '../plan/view.ts';
import { type AxisLink, defineOp, type NodeContext } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { attrAxis } from './onnx.ts';
import { range } from './spatial.ts';
import { fused, number } from './tensorflow.ts';
import { readPack } from './tensorflow-shape.ts';

/** Inputs behind each other along `axis`. */
export default defineOp<{ readonly axis: number }>({
  kind: 'concat',
  description: 'joins tensors along one axis',
  arity: [1, 4096],
  infer(inputs, attrs, place) {
    const [first, ...rest] = inputs.map((v) => v!);
    const axis = normalizeAxis(attrs.axis, first.shape.length, place);
    for (const v of rest) {
      const fits =
        v.shape.length === first.shape.length && v.shape.every((d, i) => i === axis || d === first.shape[i]);
      if (!fits)
        throw badShape(`shapes [${first.shape}] and [${v.shape}] differ outside axis ${axis}`, place);
      if (v.dtype !== first.dtype)
        throw badShape(`element types ${first.dtype} and ${v.dtype} differ`, place);
    }
    const sum = inputs.reduce((n, v) => n + v!.shape[axis], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? sum : d)) }];
  },
  eval(inputs, attrs) {
    const xs = inputs.map((x) => x!);
    const axis = normalizeAxis(attrs.axis, xs[0].shape.length);
    const sum = xs.reduce((n, x) => n + x.shape[axis], 0);
    const reads = xs.map(elements);
    return [
      tabulate(
        xs[0].dtype,
        xs[0].shape.map((d, i) => (i === axis ? sum : d)),
        (index) => {
          let at = index[axis];
          let part = 0;
          while (at >= xs[part].shape[axis]) at -= xs[part++].shape[axis];
          return reads[part](index.map((k, d) => (d === axis ? at : k)));
        },
      ),
    ];
  },
  lower(l, attrs) {
    const { dtype, shape } = l.outputType(0);
    const axis = normalizeAxis(attrs.axis, shape.length);
    if (shape[axis] === 0) return [l.view(0)];
    const y = l.temp(dtype, shape);
    let at = 0;
    for (let i = 0; at < shape[axis]; i++) {
      const part = l.inputType(i).shape;
      if (part[axis] === 0) continue;
      const place = sliceView(
        y,
        shape.map((_, d) => (d === axis ? at : 0)),
        part,
        shape.map(() => 1),
      )!;
      l.emit({ form: 'move', x: l.view(i), y: place, fill: 0 });
      at += part[axis];
    }
    return [y];
  },
  channels: (inputs, [y], attrs) => {
    const joined = normalizeAxis(attrs.axis, y.shape.length);
    let start = 0;
    const parts: AxisLink[] = inputs.map((x, i) => {
      const part = { start, length: x!.shape[joined], inner: 1 };
      start += part.length;
      return [
        [i, joined],
        [-1, joined, part],
      ];
    });
    const others = range(0, y.shape.length)
      .filter((d) => d !== joined)
      .map((d): AxisLink => [[-1, d], ...inputs.map((_, i) => [i, d] as const)]);
    return [...parts, ...others];
  },
  identity(inputs, attrs) {
    const axis = normalizeAxis(attrs.axis, inputs[0]!.shape.length);
    const full = inputs.flatMap((x, i) => (x!.shape[axis] > 0 ? [i] : []));
    return full.length === 1 ? full[0] : undefined;
  },
  permute: ({ axis }, perm) => ({ attrs: { axis: perm[normalizeAxis(axis, perm.length)] }, perm }),
  tf: (tf, xs, { axis }) => [
    tf.concat(
      xs.map((x) => x!),
      axis,
    ),
  ],
  names: {
    onnx: {
      Concat: (c) =>
        c.one(
          'concat',
          c.inputs.map((_, i) => c.input(i)),
          { axis: attrAxis(c, 1) },
        ),
    },
    graph: { ConcatV2: readConcatV2, Concat: readConcatFirst, Pack: readPack },
    tflite: { CONCATENATION: fused(readConcatenation), PACK: readPack },
    layers: {
      Concatenate: (c) => c.one('concat', c.inputs, { axis: c.config.int('axis', -1) }),
    },
  },
  samples: [
    { name: 'nothing', inputs: [{ shape: [2, 0] }, { shape: [2, 0] }], attrs: { axis: 1 } },
    { name: 'channels', inputs: [{ shape: [1, 2, 3, 3] }, { shape: [1, 4, 3, 3] }], attrs: { axis: 1 } },
    {
      name: 'last_of_three',
      inputs: [{ shape: [2, 1] }, { shape: [2, 3] }, { shape: [2, 2] }],
      attrs: { axis: -1 },
    },
    { name: 'one', inputs: [{ shape: [2, 3] }], attrs: { axis: 0 } },
    { name: 'with_empty', inputs: [{ shape: [2, 3] }, { shape: [0, 3] }], attrs: { axis: 0 } },
    {
      name: 'int',
      inputs: [
        { shape: [3], dtype: 'int32' },
        { shape: [2], dtype: 'int32' },
      ],
      attrs: { axis: 0 },
    },
  ],
});

/** TensorFlow: all inputs but the axis. */
function readConcatV2(c: NodeContext) {
  const last = c.inputs.length - 1;
  return c.one(
    'concat',
    c.inputs.slice(0, last).map((_, i) => c.input(i)),
    { axis: number(c, last) },
  );
}

function readConcatFirst(c: NodeContext) {
  return c.one(
    'concat',
    c.inputs.slice(1).map((_, i) => c.input(i + 1)),
    { axis: number(c, 0) },
  );
}

function readConcatenation(c: NodeContext) {
  return c.one(
    'concat',
    c.inputs.map((_, i) => c.input(i)),
    { axis: c.config.int('axis', 0) },
  );
}
