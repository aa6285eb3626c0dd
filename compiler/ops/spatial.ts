/** Shared by convolutions and pools: sliding windows over the trailing axes of [N, C, …spatial]. */
import { badShape, type Place, unsupported } from '../errors.ts';
import { dimSize, groupView, readsPadding, type View, windowView } from '../plan/view.ts';
import type { LayerContext, Lowering, NodeContext, Shape, Value, ValueId } from './define.ts';

/** Per spatial axis. Kernel sizes come from the weights or from the pool. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding [before, after]. */
  readonly pads: readonly (readonly [number, number])[];
}

/** Output size of one axis. */
export const windowSize = (
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  pad: number,
  ceil = false,
) => {
  const span = size + pad - ((kernel - 1) * dilation + 1);
  return span < 0 ? 0 : (ceil ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
};

export function checkWindow(rank: number, kernel: Shape, w: Window, place: Place): void {
  const lists = [kernel, w.strides, w.dilations, w.pads];
  if (rank < 1 || lists.some((l) => l.length !== rank)) {
    throw badShape(`kernel, strides, dilations and pads must have ${rank} entries each`, place);
  }
  for (const list of [kernel, w.strides, w.dilations]) {
    for (const n of list) {
      if (!Number.isInteger(n) || n < 1)
        throw badShape(`kernel, strides and dilations must be ≥ 1, not ${n}`, place);
    }
  }
  for (const n of w.pads.flat()) {
    if (!Number.isInteger(n)) throw badShape(`padding must be whole, not ${n}`, place);
  }
}

/**
 * x [N, C, …spatial] as [N, C, taps, positions]. Positions past the padding on the right (ceil mode) are padded too;
 * negative padding cuts.
 */
export function slide(l: Lowering, input: View, kernel: Shape, out: Shape, w: Window): View {
  // Each spatial dimension must be one walk before it is padded: a copy made later would turn padding into zeros.
  const x = input.dims.slice(2).every((d) => d.length <= 1) ? input : l.materialize(input);
  const before = w.pads.map((p) => p[0]);
  const after = w.pads.map((_, i) => {
    const reach = (out[i] - 1) * w.strides[i] + (kernel[i] - 1) * w.dilations[i] + 1;
    return Math.max(0, reach - before[i] - dimSize(x.dims[2 + i]));
  });
  let v = l.pad(x, [0, 0, ...before], [0, 0, ...after]);
  for (let i = 0; i < kernel.length; i++) {
    v = windowView(v, 2 + 2 * i, kernel[i], out[i], w.strides[i], w.dilations[i])!;
  }
  const taps = kernel.map((_, i) => 2 + 2 * i);
  return groupView(v, [[0], [1], taps, taps.map((d) => d + 1)]);
}

/** The same view, copied where it reads padding, so that padding added later can be told from it. */
export const solid = (l: Lowering, v: View): View => (readsPadding(v) ? l.materialize(v) : v);

export function checkFloat(inputs: readonly (Value | null)[], place: Place): void {
  for (const v of inputs) {
    if (v && v.dtype !== 'float32') throw badShape(`element type ${v.dtype} is not float32`, place);
  }
}

/** Weights and biases are compiled in: they must be known. */
export function checkConstant(inputs: readonly (Value | null | undefined)[], place: Place): void {
  if (inputs.some((v) => v && !v.data)) {
    throw unsupported('weights computed at run time', place, 'weights must be constants of the model');
  }
}

/** TensorFlow's `same`: odd padding goes behind. */
export function samePads(size: number, kernel: number, stride: number, dilation: number): [number, number] {
  const out = Math.ceil(size / stride);
  const total = Math.max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size);
  return [total >> 1, total - (total >> 1)];
}

/** Pads of a TF-style node from its `padding` word. */
export function wordPads(
  c: NodeContext,
  padding: string,
  spatial: Shape,
  kernel: Shape,
  strides: Shape,
  dilations: Shape,
) {
  switch (padding.toLowerCase()) {
    case 'valid':
      return spatial.map(() => [0, 0] as [number, number]);
    case 'same':
      return spatial.map((s, i) => samePads(s, kernel[i], strides[i], dilations[i]));
    default:
      return c.unsupported(`padding ${JSON.stringify(padding)}`);
  }
}

/** [N, …spatial, C] → [N, C, …spatial]. */
export const toChannelsFirst = (c: NodeContext, x: ValueId) => {
  const rank = c.b.shape(x).length;
  return c.one('transpose', [x], { perm: [0, rank - 1, ...range(1, rank - 1)] });
};
/** [N, C, …spatial] → [N, …spatial, C]. */
export const toChannelsLast = (c: NodeContext, x: ValueId) => {
  const rank = c.b.shape(x).length;
  return c.one('transpose', [x], { perm: [0, ...range(2, rank), 1] });
};

/** Runs `f` on channels-first data, whatever the layer's `data_format` is. */
export function channelsFirst(c: LayerContext, x: ValueId, f: (x: ValueId) => ValueId): ValueId {
  const format = c.config.str('data_format', 'channels_last');
  if (format === 'channels_first' || format === 'channelsFirst') return f(x);
  return toChannelsLast(c, f(toChannelsFirst(c, x)));
}

/** A list per axis of transpose(x, perm) as the list per axis of x. */
export function unpermute<T>(list: readonly T[], perm: readonly number[]): T[] {
  const out = new Array<T>(list.length);
  perm.forEach((p, i) => {
    out[p] = list[i];
  });
  return out;
}

export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
