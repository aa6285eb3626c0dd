/** ONNX convolutions and pools. */
import type { OnnxContext, OnnxReader, Shape, ValueId } from './define.ts';
import { axisOf, cast, hasInput, perChannel, rankOf, reshape, transpose } from './onnx.ts';
import type { Window } from './spatial.ts';
import { range, samePads } from './spatial.ts';

/** Strides, dilations and pads of a window over `spatial`. */
function windowOf(c: OnnxContext, kernel: Shape, spatial: Shape): Window {
  const ones = spatial.map(() => 1);
  const strides = c.config.ints('strides', spatial.length, ones);
  const dilations = c.config.ints('dilations', spatial.length, ones);
  const auto = c.config.str('auto_pad', 'NOTSET');
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    if (strides.some((s) => s < 1)) c.malformed(`strides [${strides}] must be ≥ 1`);
    const pads = spatial.map((n, i) => samePads(n, kernel[i], strides[i], dilations[i]));
    return { strides, dilations, pads: auto === 'SAME_UPPER' ? pads : pads.map(([a, b]) => [b, a] as const) };
  }
  if (auto === 'VALID') return { strides, dilations, pads: spatial.map(() => [0, 0] as const) };
  if (auto !== 'NOTSET') c.malformed(`auto_pad ${JSON.stringify(auto)}`);
  return { strides, dilations, pads: padPairs(c, spatial.length) };
}

/** `pads` lists all beginnings, then all ends. */
function padPairs(c: OnnxContext, rank: number): [number, number][] {
  const pads = c.config.ints(
    'pads',
    2 * rank,
    range(0, 2 * rank).map(() => 0),
  );
  return range(0, rank).map((i) => [pads[i], pads[rank + i]]);
}

function kernelOf(c: OnnxContext, w: ValueId): Shape {
  const kernel = c.b.shape(w).slice(2);
  const said = c.config.ints('kernel_shape', undefined, kernel);
  if (said.length !== kernel.length || said.some((k, i) => k !== kernel[i]))
    c.malformed(`kernel_shape [${said}] is not that of the weights [${kernel}]`);
  return kernel;
}

export const onnxConv: OnnxReader = (c) => conv(c, c.input(0), c.input(1), c.inputs[2] ?? null);

export function conv(c: OnnxContext, x: ValueId, w: ValueId, bias: ValueId | null): ValueId {
  const window = windowOf(c, kernelOf(c, w), c.b.shape(x).slice(2));
  return c.one('conv', [x, w, bias], { ...window, groups: c.config.int('group', 1) });
}

/** Weights [C, O/groups, …kernel]. */
export const onnxConvTranspose: OnnxReader = (c) => {
  const [x, w] = [c.input(0), c.input(1)];
  const spatial = c.b.shape(x).slice(2);
  const kernel = kernelOf(c, w);
  const [channels, perGroup] = c.b.shape(w);
  const groups = c.config.int('group', 1);
  if (groups < 1 || channels % groups !== 0)
    c.malformed(`${groups} groups don't divide ${channels} channels`);
  const split = reshape(c, w, [groups, channels / groups, perGroup, ...kernel]);
  const turned = transpose(c, split, [0, 2, 1, ...kernel.map((_, i) => 3 + i)]);
  const weights = reshape(c, turned, [groups * perGroup, channels / groups, ...kernel]);
  const { pads, outputPadding, ...window } = transposedWindow(c, kernel, spatial);
  return c.one('convTranspose', [x, weights, c.inputs[2] ?? null], {
    ...window,
    pads,
    outputPadding,
    groups,
  });
};

/** Padding may be given by the output size that it leads to. */
function transposedWindow(c: OnnxContext, kernel: Shape, spatial: Shape) {
  const zeros = spatial.map(() => 0);
  const ones = spatial.map(() => 1);
  const strides = c.config.ints('strides', spatial.length, ones);
  const dilations = c.config.ints('dilations', spatial.length, ones);
  const outputPadding = c.config.ints('output_padding', spatial.length, zeros);
  const auto = c.config.str('auto_pad', 'NOTSET');
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  if (!same && !c.config.has('output_shape')) {
    const pads = auto === 'VALID' ? spatial.map(() => [0, 0]) : padPairs(c, spatial.length);
    return { strides, dilations, outputPadding, pads };
  }
  const said = c.config.ints(
    'output_shape',
    undefined,
    spatial.map((n, i) => n * strides[i]),
  );
  const size = said.slice(said.length - spatial.length);
  const over = spatial.map(
    (n, i) => (n - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + outputPadding[i] - size[i],
  );
  const pads = over.map((n) => {
    const total = Math.max(0, n);
    const [less, more] = [total >> 1, total - (total >> 1)];
    return auto === 'SAME_UPPER' ? [less, more] : [more, less];
  });
  return { strides, dilations, pads, outputPadding: outputPadding.map((p, i) => p + Math.max(0, -over[i])) };
}

export const pool =
  (kind: string, more: (c: OnnxContext) => Record<string, unknown> = () => ({})): OnnxReader =>
  (c) => {
    const x = c.input(0);
    const spatial = c.b.shape(x).slice(2);
    const kernel = c.config.ints('kernel_shape', spatial.length);
    const ceil = c.config.bool('ceil_mode', false) && c.config.str('auto_pad', 'NOTSET') === 'NOTSET';
    const attrs = { kernel, ...windowOf(c, kernel, spatial), ceil, ...more(c) };
    return inFloat(c, x, (y) => c.one(kind, [y], attrs));
  };

/** Bytes are pooled as floats, which hold them all. */
function inFloat(c: OnnxContext, x: ValueId, f: (x: ValueId) => ValueId): ValueId {
  const { dtype } = c.b.value(x);
  return cast(c, f(cast(c, x, 'float32')), dtype);
}

/** A reduction over all spatial axes. */
export const globalPool =
  (kind: string): OnnxReader =>
  (c) =>
    c.one(kind, [c.input(0)], { axes: range(2, rankOf(c, c.input(0))), keepDims: true });

/** x − zero point, as float32; zero points are one number or one per element of `axis`. */
export function centred(c: OnnxContext, x: number, zero: number, axis: number): ValueId {
  const id = c.input(x);
  const value = cast(c, id, 'float32');
  if (!hasInput(c, zero)) return value;
  const rank = rankOf(c, id);
  const shift = perChannel(c, cast(c, c.input(zero), 'float32'), rank, axisOf(c, axis, rank));
  return c.one('sub', [value, shift]);
}

/** Integers below 2²⁴ are exact in float32. */
export const onnxConvInteger: OnnxReader = (c) =>
  cast(c, conv(c, centred(c, 0, 2, 1), centred(c, 1, 3, 0), null), 'int32');
