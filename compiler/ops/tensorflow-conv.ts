/** Convolutions of tfjs graphs and TFLite. */
import type { NodeContext, Shape, ValueId } from './define.ts';
import { range, samePads, wordPads } from './spatial.ts';
import { activate, imageFirst, isFirst, numbers, spatialOf } from './tensorflow.ts';

interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** x in the node's layout, w [O, C/groups, …kernel]. */
function convolve(c: NodeContext, x: ValueId, w: ValueId, bias: ValueId | null, by: Window): ValueId {
  const [, perGroup, ...kernel] = c.b.shape(w);
  const y = imageFirst(c, x, (image) => {
    const [, channels, ...spatial] = c.b.shape(image);
    const pads =
      c.config.str('padding') === 'EXPLICIT'
        ? explicitPads(c, spatial.length)
        : wordPads(c, c.config.str('padding'), spatial, kernel, by.strides, by.dilations);
    return c.one('conv', [image, w, bias], { ...by, pads, groups: channels / perGroup });
  });
  return y;
}

/** Pairs over all axes of [N, …spatial, C], flat. */
function explicitPads(c: NodeContext, rank: number): [number, number][] {
  const all = c.config.ints('explicit_paddings', 2 * (rank + 2));
  const first = isFirst(c) ? 2 : 1;
  return range(first, first + rank).map((d) => [all[2 * d], all[2 * d + 1]]);
}

/** Graph: filter […kernel, C/groups, O]. */
export function graphConv(c: NodeContext): ValueId {
  const rank = c.b.shape(c.input(1)).length - 2;
  const w = c.one('transpose', [c.input(1)], { perm: [rank + 1, rank, ...range(0, rank)] });
  return graphFused(c, w, rank);
}

/** Graph: filter […kernel, C, multiplier]. */
export function graphDepthwise(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(1));
  const rank = shape.length - 2;
  const turned = c.one('transpose', [c.input(1)], { perm: [rank, rank + 1, ...range(0, rank)] });
  const w = c.one('reshape', [turned], {
    shape: [shape[rank] * shape[rank + 1], 1, ...shape.slice(0, rank)],
  });
  return graphFused(c, w, rank);
}

/** Behind x and filter come the arguments of `fused_ops`, in their order. */
function graphFused(c: NodeContext, w: ValueId, rank: number): ValueId {
  const by = { strides: spatialOf(c, 'strides', rank), dilations: spatialOf(c, 'dilations', rank) };
  const steps = fusedOps(c);
  const constant = steps[0] === 'BiasAdd' && c.b.constantOf(c.input(2)) && c.b.shape(c.input(2)).length === 1;
  const y = convolve(c, c.input(0), w, constant ? c.input(2) : null, by);
  return graphEpilogue(c, y, constant ? steps.slice(1) : steps, constant ? 3 : 2);
}

/** The operators that tfjs fuses into a product. */
export function fusedOps(c: NodeContext): string[] {
  const raw = c.config.has('fused_ops') ? c.config.raw('fused_ops') : [];
  if (!Array.isArray(raw) || !raw.every((s) => typeof s === 'string'))
    c.malformed('fused_ops is no list of names');
  return raw as string[];
}

export function graphEpilogue(c: NodeContext, y: ValueId, steps: readonly string[], first: number): ValueId {
  let next = first;
  return steps.reduce((x, step) => {
    if (step === 'BiasAdd') return biasAdd(c, x, c.input(next++));
    if (step === 'Prelu') return c.one('prelu', [x, c.input(next++)]);
    return activate(c, x, step);
  }, y);
}

/** One bias per channel. */
export function biasAdd(c: NodeContext, x: ValueId, bias: ValueId): ValueId {
  const shape = c.b.shape(bias);
  const spatial = c.b.shape(x).length - 2;
  if (!isFirst(c) || shape.length !== 1) return c.one('add', [x, bias]);
  return c.one('add', [x, c.one('reshape', [bias], { shape: [...shape, ...Array(spatial).fill(1)] })]);
}

/** TFLite strides and dilations, height before width. */
const liteWindow = (c: NodeContext): Window => ({
  strides: [c.config.int('stride_h'), c.config.int('stride_w')],
  dilations: [c.config.int('dilation_h_factor', 1), c.config.int('dilation_w_factor', 1)],
});

const biasOf = (c: NodeContext, i: number) => (c.inputs[i] ?? null) as ValueId | null;

/** TFLite: filter [O, …kernel, C/groups]. */
export function liteConv(c: NodeContext): ValueId {
  const w = c.one('transpose', [c.input(1)], { perm: [0, 3, 1, 2] });
  return convolve(c, c.input(0), w, biasOf(c, 2), liteWindow(c));
}

/** TFLite: filter [1, …kernel, C · multiplier]. */
export function liteDepthwise(c: NodeContext): ValueId {
  const w = c.one('transpose', [c.input(1)], { perm: [3, 0, 1, 2] });
  return convolve(c, c.input(0), w, biasOf(c, 2), liteWindow(c));
}

/** TFLite: filter [O, depth, height, width, C/groups] never comes so; it is [depth, height, width, C, O]. */
export function liteConv3d(c: NodeContext): ValueId {
  const w = c.one('transpose', [c.input(1)], { perm: [4, 3, 0, 1, 2] });
  return convolve(c, c.input(0), w, biasOf(c, 2), {
    strides: [c.config.int('stride_d'), c.config.int('stride_h'), c.config.int('stride_w')],
    dilations: [
      c.config.int('dilation_d_factor', 1),
      c.config.int('dilation_h_factor', 1),
      c.config.int('dilation_w_factor', 1),
    ],
  });
}

/** Graph: (output shape, filter [h, w, O, C], x). */
export function graphConvTranspose(c: NodeContext): ValueId {
  const rank = c.b.shape(c.input(1)).length - 2;
  const w = c.one('transpose', [c.input(1)], { perm: [rank, rank + 1, ...range(0, rank)] });
  const by = { strides: spatialOf(c, 'strides', rank), dilations: spatialOf(c, 'dilations', rank) };
  return deconvolve(c, w, null, by);
}

/** TFLite: (output shape, filter [O, h, w, C], x, bias?). */
export function liteConvTranspose(c: NodeContext): ValueId {
  const w = c.one('transpose', [c.input(1)], { perm: [0, 3, 1, 2] });
  return deconvolve(c, w, biasOf(c, 3), liteWindow(c));
}

/** The gradient of a convolution: its padding is that of the convolution from the output to x. */
function deconvolve(c: NodeContext, w: ValueId, bias: ValueId | null, by: Window): ValueId {
  const shape = numbers(c, 0);
  const kernel = c.b.shape(w).slice(2);
  if (shape.length !== kernel.length + 2) c.malformed(`output shape [${shape}] for a kernel [${kernel}]`);
  const wanted: Shape = isFirst(c) ? shape.slice(2) : shape.slice(1, -1);
  return imageFirst(c, c.input(2), (image) => {
    const axes = c.b
      .shape(image)
      .slice(2)
      .map((size, d) => {
        const full = (size - 1) * by.strides[d] + (kernel[d] - 1) * by.dilations[d] + 1;
        const same = c.config.str('padding').toUpperCase() === 'SAME';
        const before = same ? samePads(wanted[d], kernel[d], by.strides[d], by.dilations[d])[0] : 0;
        const after = full - before - wanted[d];
        return { pads: [before, Math.max(0, after)], grow: Math.max(0, -after) };
      });
    return c.one('convTranspose', [image, w, bias], {
      ...by,
      pads: axes.map((a) => a.pads),
      outputPadding: axes.map((a) => a.grow),
      groups: 1,
    });
  });
}

/** Graph pools: window and strides over all axes. */
export function graphPool(
  c: NodeContext,
  kind: string,
  extra: Readonly<Record<string, unknown>> = {},
): ValueId {
  const rank = c.b.shape(c.input(0)).length - 2;
  return pool(c, kind, spatialOf(c, 'ksize', rank), spatialOf(c, 'strides', rank), extra);
}

export function litePool(
  c: NodeContext,
  kind: string,
  extra: Readonly<Record<string, unknown>> = {},
): ValueId {
  const kernel = [c.config.int('filter_height'), c.config.int('filter_width')];
  return pool(c, kind, kernel, [c.config.int('stride_h'), c.config.int('stride_w')], extra);
}

function pool(
  c: NodeContext,
  kind: string,
  kernel: number[],
  strides: number[],
  extra: Readonly<Record<string, unknown>>,
): ValueId {
  const dilations = kernel.map(() => 1);
  return imageFirst(c, c.input(0), (image) => {
    const size = c.b.shape(image).slice(2);
    const padding = c.config.str('padding');
    const pads =
      padding === 'EXPLICIT'
        ? explicitPads(c, size.length)
        : wordPads(c, padding, size, kernel, strides, dilations);
    return c.one(kind, [image], { kernel, strides, dilations, pads, ceil: false, ...extra });
  });
}
