/** Training forms of spatial operators: tfjs wants channels last and rank 2 or 3, the graph has channels first. */
import type { Attrs, Op, Shape, Tf, TfTensor } from './define.ts';
import { range } from './spatial.ts';

type Pads = readonly (readonly [number, number])[];

/** Pads (or, where negative, cuts) the spatial axes of [N, …spatial, C]. */
export function padSpatial(tf: Tf, x: TfTensor, pads: Pads, value = 0): TfTensor {
  const all: Pads = [[0, 0], ...pads, [0, 0]];
  const grown = all.map(([a, b]) => [Math.max(0, a), Math.max(0, b)] as [number, number]);
  let y = x;
  if (grown.flat().some((n) => n > 0)) y = tf.pad(y, grown, value);
  if (all.flat().every((n) => n >= 0)) return y;
  const begin = all.map(([a]) => Math.max(0, -a));
  const size = y.shape.map((d, i) => d - begin[i] - Math.max(0, -all[i][1]));
  return tf.slice(y, begin, size);
}

/**
 * Inserts step − 1 zeros between the elements of axis `first` and of those behind it, one step each: between the taps of [a, b, …kernel],
 * for tfjs has no gradient of dilated convolutions, or between pixels.
 */
export function spread(tf: Tf, w: TfTensor, steps: Shape, first = 2): TfTensor {
  let y = w;
  steps.forEach((d, i) => {
    if (d === 1) return;
    const axis = first + i;
    const shape = y.shape;
    const split = tf.reshape(y, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
    const pads = split.shape.map((_, a): [number, number] => [0, a === axis + 1 ? d - 1 : 0]);
    const merged = tf.reshape(tf.pad(split, pads), [
      ...shape.slice(0, axis),
      shape[axis] * d,
      ...shape.slice(axis + 1),
    ]);
    const size = merged.shape.map((n, a) => (a === axis ? n - (d - 1) : n));
    y = tf.slice(
      merged,
      size.map(() => 0),
      size,
    );
  });
  return y;
}

/** Output axis i of [N, C, …spatial] is axis perm[i] of [N, …spatial, C]. */
export const channelsLastPerm = (rank: number): number[] => [0, rank - 1, ...range(1, rank - 1)];

/** Both forms of an operator from that of channels last. */
export function onChannelsLast<A extends Attrs>(
  tfLast: NonNullable<Op<A>['tfLast']>,
): Required<Pick<Op<A>, 'tf' | 'tfLast'>> {
  return {
    tfLast,
    tf(tf, [x, ...others], attrs) {
      const rank = x!.shape.length;
      const last = tf.transpose(x!, [0, ...range(2, rank), 1]);
      return tfLast(tf, [last, ...others], attrs).map((y) => tf.transpose(y, channelsLastPerm(rank)));
    },
  };
}

/** `f` of [N, …spatial, C], which it sees with H = 1 where there is one spatial axis only. */
export function asImage(tf: Tf, x: TfTensor, f: (x: TfTensor) => TfTensor): TfTensor {
  if (x.shape.length > 3) return f(x);
  const [n, length, c] = x.shape as [number, number, number];
  const y = f(tf.reshape(x, [n, 1, length, c]));
  return tf.reshape(y, [n, ...y.shape.slice(2)]);
}

/**
 * A convolution of x [N, H, W, C], `filter` as tfjs has it, bias [O]. XNNPACK pads and adds the bias as it goes; the other backends
 * take neither from every kind of convolution.
 */
export function convolve2d(
  tf: Tf,
  kind: 'Conv2D' | 'DepthwiseConv2D',
  x: TfTensor,
  filter: TfTensor,
  bias: TfTensor | null,
  { strides, pads }: { readonly strides: readonly number[]; readonly pads: Pads },
): TfTensor {
  const fused = tf.getBackend() === 'wasm';
  const inside = fused && pads.flat().every((n) => n >= 0);
  const image = inside ? x : padSpatial(tf, x, pads);
  if (fused) {
    const pad = inside ? [[0, 0], ...pads, [0, 0]] : 'valid';
    const attrs = { strides, pad, dilations: [1, 1], dataFormat: 'NHWC', activation: 'linear' };
    const inputs = { x: image, filter, ...(bias && { bias }) };
    return tf.engine().runKernel(`Fused${kind}`, inputs, attrs as never) as TfTensor;
  }
  const convolve = kind === 'Conv2D' ? tf.conv2d : tf.depthwiseConv2d;
  const y = convolve(image as never, filter as never, strides as never, 'valid') as TfTensor;
  return bias ? tf.add(y, bias) : y;
}

/** y[…, r, …] = Σ_k matrix[r, k] · x[…, k, …] along one axis; matrix [rows, size], row-major. */
export function mixAxis(tf: Tf, x: TfTensor, axis: number, matrix: Float32Array, rows: number): TfTensor {
  const rank = x.shape.length;
  const perm = [...range(0, rank).filter((d) => d !== axis), axis];
  const size = x.shape[axis] as number;
  const flat = tf.reshape(tf.transpose(x, perm), [-1, size]);
  const lead = perm.slice(0, -1).map((d) => x.shape[d] as number);
  const y = tf.matMul(flat as never, tf.tensor2d(matrix, [rows, size]), false, true);
  return tf.transpose(
    tf.reshape(y, [...lead, rows]),
    range(0, rank).map((d) => perm.indexOf(d)),
  );
}

/** Elements `at` along one axis. A product, as tfjs can't differentiate steps, reversals of slices or mirrored padding. */
export function pickAxis(tf: Tf, x: TfTensor, axis: number, at: readonly number[]): TfTensor {
  const size = x.shape[axis] as number;
  const matrix = new Float32Array(at.length * size);
  at.forEach((k, r) => {
    matrix[r * size + k] = 1;
  });
  return mixAxis(tf, x, axis, matrix, at.length);
}

/** Per-axis numbers of rank 1 as rank 2. */
export const wide = <T>(list: readonly T[], one: T): T[] => (list.length === 1 ? [one, list[0]] : [...list]);

/** The kernel [O, I, …k] as tfjs wants it, channels last: `perm` says where O and I go after the spatial axes. */
export function kernelLast(tf: Tf, w: TfTensor, order: 'IO' | 'OI'): TfTensor {
  const [o, i, ...k] = w.shape;
  const full = k.length === 1 ? tf.reshape(w, [o, i, 1, k[0] as number]) : w;
  const axes = full.shape.slice(2).map((_, d) => d + 2);
  return tf.transpose(full, [...axes, ...(order === 'IO' ? [1, 0] : [0, 1])]);
}
