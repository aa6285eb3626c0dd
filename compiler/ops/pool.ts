/** Shared by the pools: a window slides over the trailing axes of [N, C, …spatial]. */
import { badShape, type Place } from '../errors.ts';
import { sizeOf } from '../ir/tensor.ts';
import { groupView } from '../plan/view.ts';
import type {
  Attrs,
  AxisLink,
  LayerContext,
  Lowering,
  Shape,
  Tensor,
  TensorType,
  Tf,
  TfTensor,
  Value,
} from './define.ts';
import { elements, indices, tabulate } from './elements.ts';
import {
  channelsFirst,
  checkFloat,
  checkWindow,
  range,
  slide,
  solid,
  type Window,
  wordPads,
} from './spatial.ts';
import { asImage, pickAxis, wide } from './spatial-tf.ts';

export type PoolAttrs = Attrs &
  Window & {
    readonly kernel: readonly number[];
    /** Round the number of windows up; the last one may reach past the padding, but never starts in it. */
    readonly ceil: boolean;
  };

/** Output sizes. */
export const poolOut = (size: Shape, a: PoolAttrs): number[] =>
  size.map((n, i) => {
    const [before, after] = a.pads[i];
    const span = n + before + after - ((a.kernel[i] - 1) * a.dilations[i] + 1);
    if (span < 0) return 0;
    if (!a.ceil) return Math.floor(span / a.strides[i]) + 1;
    const count = Math.ceil(span / a.strides[i]) + 1;
    return (count - 1) * a.strides[i] >= n + before ? count - 1 : count;
  });

export function inferPool([x]: readonly (Value | null)[], a: PoolAttrs, place: Place): TensorType[] {
  checkFloat([x], place);
  checkWindow(x!.shape.length - 2, a.kernel, a, place);
  a.pads.forEach((p, i) => {
    const reach = (a.kernel[i] - 1) * a.dilations[i] + 1;
    if (p.some((n) => n < 0 || n >= reach)) {
      throw badShape(`padding [${p}] must be at least 0 and smaller than the window of ${reach}`, place);
    }
  });
  const out = poolOut(x!.shape.slice(2), a);
  if (out.some((d) => d < 1))
    throw badShape(`window [${a.kernel}] is larger than input [${x!.shape}]`, place);
  return [{ dtype: 'float32', shape: [...x!.shape.slice(0, 2), ...out] }];
}

/** The reference: `f` sees the elements inside the input and how many taps lie inside the padded input. */
export function evalPool(
  x: Tensor,
  a: PoolAttrs,
  f: (inside: readonly number[], cells: number) => number,
): Tensor {
  const size = x.shape.slice(2);
  const read = elements(x);
  return tabulate('float32', [...x.shape.slice(0, 2), ...poolOut(size, a)], ([n, c, ...at]) => {
    const inside: number[] = [];
    let cells = 0;
    for (const tap of indices(a.kernel)) {
      const i = tap.map((k, d) => at[d] * a.strides[d] + k * a.dilations[d] - a.pads[d][0]);
      if (i.some((k, d) => k >= size[d] + a.pads[d][1])) continue;
      cells++;
      if (i.every((k, d) => k >= 0 && k < size[d])) inside.push(read([n, c, ...i]));
    }
    return f(inside, cells);
  });
}

/** The input as [N, C, taps, positions], and the output as [N, C, positions]. */
export function poolViews(l: Lowering, a: PoolAttrs) {
  const { shape } = l.outputType(0);
  const y = l.temp('float32', shape);
  const x = slide(l, solid(l, l.view(0)), a.kernel, shape.slice(2), a);
  return { x, y, flat: groupView(y, [[0], [1], range(2, shape.length)]) };
}

/** Per position: how many taps lie inside the input (`padding` false) or inside the padded input. */
export function tapCounts(size: Shape, a: PoolAttrs, padding: boolean): Float32Array {
  const axes = poolOut(size, a).map((out, d) => {
    const [low, high] = padding ? [-a.pads[d][0], size[d] + a.pads[d][1]] : [0, size[d]];
    return range(0, out).map((o) => {
      const start = o * a.strides[d] - a.pads[d][0];
      return range(0, a.kernel[d]).filter((k) => {
        const i = start + k * a.dilations[d];
        return i >= low && i < high;
      }).length;
    });
  });
  return Float32Array.from(indices(axes.map((l) => l.length)), (i) =>
    i.reduce((n, o, d) => n * axes[d][o], 1),
  );
}

export const poolLinks = (): AxisLink[] => [
  [
    [0, 1],
    [-1, 1],
  ],
];

export const poolMacs = (outputs: readonly TensorType[], a: PoolAttrs) =>
  sizeOf(outputs[0].shape) * sizeOf(a.kernel);

/** Padding of a `valid` pool over [N, …spatial, C] in tfjs that gives the same windows, ceil mode included. */
export function fullPads(x: TfTensor, a: PoolAttrs): [number, number][] {
  const size = x.shape.slice(1, -1);
  return poolOut(size, a).map((out, d) => {
    const reach = (out - 1) * a.strides[d] + (a.kernel[d] - 1) * a.dilations[d] + 1;
    return [a.pads[d][0], Math.max(a.pads[d][1], reach - a.pads[d][0] - size[d])];
  });
}

/** A `valid` pool over [N, …spatial, C], padded. */
export function tfPool(tf: Tf, x: TfTensor, type: 'max' | 'avg', a: PoolAttrs): TfTensor {
  if (a.dilations.some((d) => d > 1)) return dilatedPool(tf, x, type, a);
  const kernel = wide(a.kernel, 1) as never;
  const strides = wide(a.strides, 1) as never;
  return asImage(tf, x, (image) => {
    if (a.kernel.length === 3) {
      return (type === 'max' ? tf.maxPool3d : tf.avgPool3d)(image as never, kernel, strides, 'valid');
    }
    return (type === 'max' ? tf.maxPool : tf.avgPool)(image as never, kernel, strides, 'valid');
  });
}

/** Tap by tap: tfjs doesn't take dilations and strides together. */
function dilatedPool(tf: Tf, x: TfTensor, type: 'max' | 'avg', a: PoolAttrs): TfTensor {
  const taps = [...indices(a.kernel)].map((tap) =>
    tap.reduce((y, k, d) => {
      const size = x.shape[1 + d] as number;
      const count = Math.floor((size - (a.kernel[d] - 1) * a.dilations[d] - 1) / a.strides[d]) + 1;
      return pickAxis(
        tf,
        y,
        1 + d,
        range(0, count).map((o) => o * a.strides[d] + k * a.dilations[d]),
      );
    }, x),
  );
  return type === 'max' ? taps.reduce((y, t) => tf.maximum(y, t)) : tf.div(tf.addN(taps), taps.length);
}

/** Keras pooling layers: pool_size, strides, padding, data_format. */
export const readPool =
  (kind: string, rank: number, extra: Attrs = {}) =>
  (c: LayerContext) => {
    const kernel = c.config.ints('pool_size', rank, Array(rank).fill(2));
    const strides = c.config.has('strides') ? c.config.ints('strides', rank) : kernel;
    const dilations = kernel.map(() => 1);
    return channelsFirst(c, c.input(0), (x) => {
      const pads = wordPads(
        c,
        c.config.str('padding', 'valid'),
        c.b.shape(x).slice(2),
        kernel,
        strides,
        dilations,
      );
      return c.one(kind, [x], { kernel, strides, dilations, pads, ceil: false, ...extra });
    });
  };

/** One sample; strides default to the kernel. */
export function poolSample<A extends PoolAttrs>(
  name: string,
  shape: number[],
  kernel: number[],
  a: Partial<A>,
) {
  const base = {
    kernel,
    strides: kernel,
    dilations: kernel.map(() => 1),
    pads: kernel.map(() => [0, 0] as const),
    ceil: false,
  };
  return { name, inputs: [{ shape }], attrs: { ...base, ...a } as unknown as A };
}
