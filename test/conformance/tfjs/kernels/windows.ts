/** Pools and resizes: [N, …spatial, C]. */
import type { ValueId } from '../../../../compiler/ir/graph.ts';
import { type Context, computed, type Translation } from './context.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export const channelsFirst = (c: Context, x: ValueId): ValueId => {
  const rank = c.shape(x).length;
  return c.transpose(x, [0, rank - 1, ...range(1, rank - 1)]);
};

export const channelsLast = (c: Context, x: ValueId): ValueId => {
  const rank = c.shape(x).length;
  return c.transpose(x, [0, ...range(2, rank), 1]);
};

type Info2D = ReturnType<Context['tf']['backend_util']['computePool2DInfo']>;
type Info3D = ReturnType<Context['tf']['backend_util']['computePool3DInfo']>;

/** Depth first, where there is one. */
export function spatial(info: Info2D | Info3D) {
  const d3 = 'filterDepth' in info ? info : undefined;
  const list = (depth: number | undefined, height: number, width: number) =>
    depth === undefined ? [height, width] : [depth, height, width];
  return {
    size: list(d3?.inDepth, info.inHeight, info.inWidth),
    out: list(d3?.outDepth, info.outHeight, info.outWidth),
    kernel: list(d3?.filterDepth, info.filterHeight, info.filterWidth),
    reach: list(d3?.effectiveFilterDepth, info.effectiveFilterHeight, info.effectiveFilterWidth),
    strides: list(d3?.strideDepth, info.strideHeight, info.strideWidth),
    dilations: list(d3?.dilationDepth, info.dilationHeight, info.dilationWidth),
    before: list(d3?.padInfo.front, info.padInfo.top, info.padInfo.left),
  };
}

/** Padding behind that makes just the output of `info`; negative cuts. */
export const padsOf = ({ size, out, reach, strides, before }: ReturnType<typeof spatial>) =>
  out.map((n, d) => [before[d], (n - 1) * strides[d] + reach[d] - size[d] - before[d]] as [number, number]);

function pool(kind: string, rank: 2 | 3, extra = {}): Translation {
  return computed((c) => {
    const shape = [...c.call.inputs[0].shape] as never;
    const { backend_util: util } = c.tf;
    const filter = c.attr<never>('filterSize');
    const strides = c.attr<never>('strides');
    const pad = c.attr<never>('pad');
    const rounding = c.attr<never>('dimRoundingMode');
    const info =
      rank === 2
        ? util.computePool2DInfo(shape, filter, strides, 1, pad, rounding)
        : util.computePool3DInfo(shape, filter, strides, 1, pad, rounding, c.attr<never>('dataFormat'));
    const w = spatial(info);
    const pads = padsOf(w).map(([before, after]) => [before, Math.max(0, after)]);
    const attrs = { kernel: w.kernel, strides: w.strides, dilations: w.dilations, pads, ceil: false };
    return channelsLast(c, c.one(kind, [channelsFirst(c, c.ids[0])], { ...attrs, ...extra }));
  });
}

function resize(c: Context, kind: string, x: ValueId, extra: Record<string, unknown>): ValueId {
  const [n, h, w, channels] = c.shape(x);
  const [height, width] = c.attr<[number, number]>('size');
  return c.one(kind, [x], {
    shape: [n, height, width, channels],
    scales: [1, height / h, width / w, 1],
    ...extra,
  });
}

export const windows: Readonly<Record<string, Translation>> = {
  AvgPool: pool('averagePool', 2, { countIncludePad: false }),
  AvgPool3D: pool('averagePool', 3, { countIncludePad: false }),
  MaxPool: pool('maxPool', 2),
  MaxPool3D: pool('maxPool', 3),
  ResizeBilinear: computed((c) => {
    const corners = c.attr<boolean>('alignCorners');
    const half = c.attr<boolean>('halfPixelCenters');
    const coordinates = half ? 'halfPixel' : corners ? 'alignCorners' : 'asymmetric';
    return resize(c, 'resizeLinear', c.cast(c.ids[0], 'float32'), { coordinates, antialias: false });
  }),
  ResizeNearestNeighbor: computed((c) => {
    const corners = c.attr<boolean>('alignCorners');
    const half = c.attr<boolean>('halfPixelCenters');
    const coordinates = half ? 'halfPixelFloor' : corners ? 'alignCorners' : 'asymmetric';
    return resize(c, 'resizeNearest', c.ids[0], { coordinates, rounding: corners ? 'preferCeil' : 'floor' });
  }),
};
