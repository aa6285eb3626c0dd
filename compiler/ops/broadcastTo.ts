import { badShape } from '../errors.ts';
import { broadcastShapes, sameShape } from '../ir/tensor.ts';
import { broadcastView } from '../plan/view.ts';
import { defineOp, type Shape } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxConstantOfShape, onnxExpand } from './onnx-shape.ts';
import { unpermute } from './spatial.ts';
import { numbers } from './tensorflow.ts';
import { readFill, readLike, readRange } from './tensorflow-shape.ts';

/** Numpy broadcasting to a static shape. */
export default defineOp<{ readonly shape: Shape }>({
  kind: 'broadcastTo',
  description: 'repeats dimensions of size 1; costs nothing until a layout is needed',
  arity: [1, 1],
  infer([x], { shape }, place) {
    if (!sameShape(broadcastShapes([x!.shape, shape], place), shape)) {
      throw badShape(`[${x!.shape}] doesn't broadcast to [${shape}]`, place);
    }
    return [{ dtype: x!.dtype, shape }];
  },
  eval([x], { shape }) {
    const read = elements(x!);
    const lead = shape.length - x!.shape.length;
    return [
      tabulate(x!.dtype, shape, (index) => read(x!.shape.map((d, i) => (d === 1 ? 0 : index[lead + i])))),
    ];
  },
  identity: ([x], { shape }) => (sameShape(x!.shape, shape) ? 0 : undefined),
  permute: ({ shape }, perm, [x]) =>
    shape.length === x!.shape.length ? { attrs: { shape: unpermute(shape, perm) }, perm } : undefined,
  lower: (l, { shape }) => [broadcastView(l.view(0), shape)],
  tf: (tf, [x], { shape }) => {
    const lead = shape.length === x!.shape.length ? Math.max(x!.shape[0] ?? 1, shape[0] ?? 1) : shape[0];
    return [tf.broadcastTo(x!, [lead, ...shape.slice(1)].slice(0, shape.length))];
  },
  names: {
    onnx: { Expand: onnxExpand, ConstantOfShape: onnxConstantOfShape },
    graph: {
      BroadcastTo: (c) => c.one('broadcastTo', [c.input(0)], { shape: numbers(c, 1) }),
      Fill: readFill,
      ZerosLike: readLike(0),
      OnesLike: readLike(1),
      Range: readRange,
    },
    tflite: {
      BROADCAST_TO: (c) => c.one('broadcastTo', [c.input(0)], { shape: numbers(c, 1) }),
      FILL: readFill,
      ZEROS_LIKE: readLike(0),
      RANGE: readRange,
    },
    layers: {
      RepeatVector: (c) => {
        const x = c.input(0);
        const [n, features] = c.b.shape(x);
        const one = c.one('reshape', [x], { shape: [n, 1, features] });
        return c.one('broadcastTo', [one], { shape: [n, c.config.int('n'), features] });
      },
    },
  },
  samples: [
    { name: 'rows', inputs: [{ shape: [3, 1] }], attrs: { shape: [3, 4] } },
    { name: 'lead', inputs: [{ shape: [2, 1, 3] }], attrs: { shape: [2, 2, 5, 3] } },
    { name: 'scalar', inputs: [{ shape: [] }], attrs: { shape: [2, 2] } },
  ],
});
