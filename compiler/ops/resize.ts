/** Shared by the resizes: where an output index lies in the input, and which input elements it weighs. */
import { badShape, type Place } from '../errors.ts';
import type {
  Attrs,
  AxisLink,
  LayerContext,
  Shape,
  Tensor,
  TensorType,
  Tf,
  TfTensor,
  Value,
  ValueId,
} from './define.ts';
import { elements, tabulate } from './elements.ts';
import { channelsFirst, range } from './spatial.ts';
import { mixAxis } from './spatial-tf.ts';

/**
 * How an output index q becomes an input coordinate (ONNX Resize). TensorFlow: `asymmetric` by default, `halfPixel` with
 * half_pixel_centers (nearest: `halfPixelFloor`), `alignCorners`.
 */
export const coordinateModes = [
  'halfPixel',
  'halfPixelSymmetric',
  'pytorchHalfPixel',
  'halfPixelFloor',
  'alignCorners',
  'asymmetric',
] as const;

export type ResizeAttrs = Attrs & {
  /** Output shape, all dimensions. */
  readonly shape: Shape;
  /** Output per input element, all dimensions; where a size was asked for, their ratio. */
  readonly scales: readonly number[];
  readonly coordinates: (typeof coordinateModes)[number];
};

export function inferResize([x]: readonly (Value | null)[], a: ResizeAttrs, place: Place): TensorType[] {
  const rank = x!.shape.length;
  if (a.shape.length !== rank || a.scales.length !== rank || a.scales.some((s) => !(s > 0 && s < Infinity))) {
    throw badShape(`shape [${a.shape}] and scales [${a.scales}] don't fit [${x!.shape}]`, place);
  }
  if (!coordinateModes.includes(a.coordinates)) throw badShape(`coordinate mode ${a.coordinates}`, place);
  if (x!.shape.includes(0) && !a.shape.includes(0))
    throw badShape(`[${x!.shape}] has nothing to resize`, place);
  return [{ dtype: x!.dtype, shape: a.shape }];
}

export function coordinate(
  q: number,
  size: number,
  out: number,
  scale: number,
  mode: ResizeAttrs['coordinates'],
) {
  // One rounding where the scale is the ratio of the sizes: floor(q · size / out) must not miss by one.
  const back = (at: number) => (scale === out / size ? (at * size) / out : at / scale);
  switch (mode) {
    case 'halfPixel':
      return back(q + 0.5) - 0.5;
    case 'halfPixelSymmetric': {
      const shift = (size / 2) * (1 - out / (scale * size));
      return shift + back(q + 0.5) - 0.5;
    }
    case 'pytorchHalfPixel':
      return out > 1 ? back(q + 0.5) - 0.5 : 0;
    case 'halfPixelFloor':
      return back(q + 0.5);
    case 'alignCorners':
      return out > 1 ? (q * (size - 1)) / (out - 1) : 0;
    case 'asymmetric':
      return back(q);
  }
}

/** A dimension that isn't resized stays as it is in every mode. */
export const isUntouched = (size: number, out: number, scale: number) => size === out && scale === 1;

/** Input elements and weights of one output element, along one axis. */
export type Taps = readonly (readonly [index: number, weight: number])[];

export interface Interpolation {
  /** Weight at a distance; 0 from `reach` on. */
  kernel(distance: number): number;
  readonly reach: number;
  /** Widen the kernel where the axis shrinks. */
  readonly antialias: boolean;
  /** Leave out what lies outside, instead of repeating the edge. */
  readonly excludeOutside: boolean;
}

/** Taps of every output element of one axis; weights sum to 1. */
export function interpolate(
  size: number,
  out: number,
  scale: number,
  a: ResizeAttrs,
  by: Interpolation,
): Taps[] {
  if (isUntouched(size, out, scale)) return range(0, out).map((q) => [[q, 1]]);
  const widen = by.antialias ? Math.max(1, 1 / scale) : 1;
  return range(0, out).map((q) => {
    const c = coordinate(q, size, out, scale, a.coordinates);
    const taps = new Map<number, number>();
    let total = 0;
    for (let i = Math.ceil(c - by.reach * widen); i <= Math.floor(c + by.reach * widen); i++) {
      if (by.excludeOutside && (i < 0 || i >= size)) continue;
      const w = by.kernel(Math.abs(i - c) / widen);
      const at = Math.min(size - 1, Math.max(0, i));
      taps.set(at, (taps.get(at) ?? 0) + w);
      total += w;
    }
    return [...taps].filter(([, w]) => w !== 0).map(([i, w]) => [i, w / total] as const);
  });
}

/** `Op.shrink` of a resize. */
export const shrinkResize = <A extends { readonly shape: readonly number[] }>(
  a: A,
  kept: (tensor: number, axis: number) => readonly number[],
): A => ({ ...a, shape: a.shape.map((_, d) => kept(-1, d).length) });

/** Dimensions that stay as they are. */
export const resizeLinks = (inputs: readonly (TensorType | null)[], a: ResizeAttrs): AxisLink[] =>
  range(0, a.shape.length)
    .filter((d) => a.shape[d] === inputs[0]!.shape[d] && a.scales[d] === 1)
    .map((d) => [
      [0, d],
      [-1, d],
    ]);

/** The reference: a product of taps over all axes. */
export function evalTaps(x: Tensor, shape: Shape, axes: readonly Taps[][]): Tensor {
  const read = elements(x);
  const sum = (index: readonly number[], at: number[]): number => {
    const d = at.length;
    if (d === shape.length) return read(at);
    return axes[d][index[d]].reduce((s, [i, w]) => s + w * sum(index, [...at, i]), 0);
  };
  return tabulate('float32', shape, (index) => sum(index, []));
}

/** Taps as a row-major [out, size] matrix. */
export function tapMatrix(taps: readonly Taps[], size: number): Float32Array {
  const m = new Float32Array(taps.length * size);
  taps.forEach((list, r) => {
    for (const [i, w] of list) m[r * size + i] = w;
  });
  return m;
}

/** The same as matrix products along each axis that changes; differentiable. */
export const tfTaps = (tf: Tf, x: TfTensor, axes: readonly (readonly Taps[] | undefined)[]): TfTensor =>
  axes.reduce<TfTensor>(
    (y, taps, axis) =>
      taps ? mixAxis(tf, y, axis, tapMatrix(taps, y.shape[axis] as number), taps.length) : y,
    x,
  );

/** Keras UpSampling layers, as tfjs computes them: corners at the origin. */
export function readUpSampling(c: LayerContext): ValueId {
  const x = c.input(0);
  const rank = c.b.shape(x).length - 2;
  const factors = c.config.ints('size', rank, Array(rank).fill(2));
  const kind = { nearest: 'resizeNearest', bilinear: 'resizeLinear' }[
    c.config.str('interpolation', 'nearest')
  ];
  if (!kind) return c.unsupported(`interpolation ${JSON.stringify(c.config.str('interpolation'))}`);
  return channelsFirst(c, x, (y) => {
    const scales = [1, 1, ...factors];
    const shape = c.b.shape(y).map((d, i) => d * scales[i]);
    const rounding = kind === 'resizeNearest' ? { rounding: 'floor' } : { antialias: false };
    return c.one(kind, [y], { shape, scales, coordinates: 'asymmetric', ...rounding });
  });
}
