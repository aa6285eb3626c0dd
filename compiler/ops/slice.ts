import { badShape } from '../errors.ts';
import { sameShape } from '../ir/tensor.ts';
import { sliceView } from '../plan/view.ts';
import { type Attrs, defineOp, type LayerContext, type ValueId } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxSlice, onnxSplit } from './onnx-shape.ts';
import { pairs } from './pad.ts';
import { channelsFirst, range, unpermute } from './spatial.ts';
import {
  readReverse,
  readSlice,
  readSplit,
  readSplitV,
  readStridedSlice,
  readUnpack,
} from './tensorflow-shape.ts';

/** Per dimension: first index, how many, and the step between (negative walks backwards). */
export type SliceAttrs = Attrs & {
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
};

export default defineOp<SliceAttrs>({
  kind: 'slice',
  description: 'an even walk along each dimension; costs nothing until a layout is needed',
  arity: [1, 1],
  infer([x], { starts, sizes, steps }, place) {
    const rank = x!.shape.length;
    if ([starts, sizes, steps].some((list) => list.length !== rank || !list.every(Number.isInteger))) {
      throw badShape(`starts, sizes and steps must be ${rank} whole numbers each`, place);
    }
    for (let d = 0; d < rank; d++) {
      const last = starts[d] + (sizes[d] - 1) * steps[d];
      const inside = (i: number) => i >= 0 && i < x!.shape[d];
      if (steps[d] === 0 || sizes[d] < 0 || (sizes[d] > 0 && !(inside(starts[d]) && inside(last)))) {
        throw badShape(
          `slice ${starts[d]} … ${last} step ${steps[d]} leaves dimension ${d} of [${x!.shape}]`,
          place,
        );
      }
    }
    return [{ dtype: x!.dtype, shape: sizes }];
  },
  eval([x], { starts, sizes, steps }) {
    const read = elements(x!);
    return [tabulate(x!.dtype, sizes, (index) => read(index.map((k, d) => starts[d] + k * steps[d])))];
  },
  lower(l, { starts, sizes, steps }) {
    const x = l.view(0);
    return [sliceView(x, starts, sizes, steps) ?? sliceView(l.materialize(x), starts, sizes, steps)!];
  },
  identity: ([x], { sizes, steps }) =>
    steps.every((s, d) => s === 1 || sizes[d] === 1) && sameShape(x!.shape, sizes) ? 0 : undefined,
  permute: ({ starts, sizes, steps }, perm) => ({
    attrs: {
      starts: unpermute(starts, perm),
      sizes: unpermute(sizes, perm),
      steps: unpermute(steps, perm),
    },
    perm,
  }),
  channels: ([x], _o, { starts, sizes, steps }) =>
    range(0, x!.shape.length)
      .filter((d) => steps[d] === 1)
      .map((d) => [
        [0, d, { start: starts[d], length: sizes[d], inner: 1 }],
        [-1, d],
      ]),
  shrink: ({ starts, sizes, steps }, kept) => ({
    starts: starts.map((s, d) => (steps[d] === 1 ? kept(0, d).filter((i) => i < s).length : s)),
    sizes: sizes.map((_, d) => kept(-1, d).length),
    steps,
  }),
  // tf.stridedSlice has no gradient.
  tf: (tf, [x], { starts, sizes, steps }) => {
    const begin = starts.map((s, d) => (steps[d] === 1 ? s : 0));
    // The leading dimension may be longer than the graph's: where it is taken from the start, it stays whole.
    const whole = (d: number) => steps[d] !== 1 || (d === 0 && starts[0] === 0);
    const cut = tf.slice(
      x!,
      begin,
      sizes.map((n, d) => (whole(d) ? x!.shape[d] : n)),
    );
    return [
      steps.reduce((y, step, d) => {
        if (step === 1) return y;
        const at = range(0, sizes[d]).map((i) => starts[d] + i * step);
        return tf.gather(y, tf.tensor1d(at, 'int32'), d);
      }, cut),
    ];
  },
  names: {
    onnx: { Slice: onnxSlice, Split: onnxSplit },
    graph: {
      Slice: readSlice,
      StridedSlice: readStridedSlice,
      Split: readSplit,
      SplitV: readSplitV,
      Unpack: readUnpack,
      ReverseV2: readReverse,
    },
    tflite: {
      SLICE: readSlice,
      STRIDED_SLICE: readStridedSlice,
      SPLIT: readSplit,
      SPLIT_V: readSplitV,
      UNPACK: readUnpack,
      REVERSE_V2: readReverse,
    },
    layers: { Cropping1D: readCropping, Cropping2D: readCropping, Cropping3D: readCropping },
  },
  samples: [
    {
      name: 'middle',
      inputs: [{ shape: [2, 5, 6] }],
      attrs: { starts: [0, 1, 2], sizes: [2, 3, 3], steps: [1, 1, 1] },
    },
    {
      name: 'steps',
      inputs: [{ shape: [1, 7, 6] }],
      attrs: { starts: [0, 1, 0], sizes: [1, 3, 3], steps: [1, 2, 2] },
    },
    {
      name: 'backwards',
      inputs: [{ shape: [4, 6] }],
      attrs: { starts: [3, 5], sizes: [4, 3], steps: [-1, -2] },
    },
    { name: 'empty', inputs: [{ shape: [4, 6] }], attrs: { starts: [0, 6], sizes: [4, 0], steps: [1, 1] } },
    {
      name: 'bytes',
      inputs: [{ shape: [9], dtype: 'uint8' }],
      attrs: { starts: [2], sizes: [5], steps: [1] },
    },
  ],
});

/** Start, stop and step as numpy and Python give them, one dimension of `size`; missing ends are open. */
export function pythonSlice(size: number, start: number | null, stop: number | null, step: number) {
  const clamp = (i: number, low: number, high: number) => Math.min(high, Math.max(low, i < 0 ? i + size : i));
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const from = start === null ? (step > 0 ? 0 : size - 1) : clamp(start, low, high);
  const to = stop === null ? (step > 0 ? size : -1) : clamp(stop, low, high);
  return { start: from, size: Math.max(0, Math.ceil((to - from) / step)), step };
}

/** Keras: `cropping` is n, [n, n] or [[before, after], …] per spatial axis. */
function readCropping(c: LayerContext): ValueId {
  const x = c.input(0);
  const rank = c.b.shape(x).length - 2;
  const given = c.config.has('cropping') ? c.config.raw('cropping') : rank === 1 ? 1 : 0;
  const cuts = pairs(given, rank);
  if (!cuts) return c.malformed(`cropping ${JSON.stringify(given)} doesn't fit ${rank} spatial axes`);
  return channelsFirst(c, x, (y) => {
    const shape = c.b.shape(y);
    return c.one('slice', [y], {
      starts: [0, 0, ...cuts.map((p) => p[0])],
      sizes: shape.map((d, i) => (i < 2 ? d : d - cuts[i - 2][0] - cuts[i - 2][1])),
      steps: shape.map(() => 1),
    });
  });
}
