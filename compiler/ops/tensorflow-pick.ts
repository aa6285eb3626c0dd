/** Readers that several operators share under TensorFlow's names. */
import type { NodeContext, NodeReader, ValueId } from './define.ts';
import { toChannelsFirst, toChannelsLast } from './spatial.ts';
import { imageFirst, number, numbers } from './tensorflow.ts';

/** Any number of inputs of one shape. */
export const mergeAll = (c: NodeContext, kind: string): ValueId =>
  c.inputs.map((_, i) => c.input(i)).reduce((a, b) => c.one(kind, [a, b]));

/** (x, axes). */
export const readsReduction =
  (kind: string): NodeReader =>
  (c) =>
    c.one(kind, [c.input(0)], { axes: numbers(c, 1), keepDims: c.config.bool('keep_dims', false) });

/** (x, axis). */
export const readsArg =
  (kind: string): NodeReader =>
  (c) =>
    c.one(kind, [c.input(0)], { axis: number(c, 1), keepDims: false, last: false });

/** Channels of a block lie behind each other. */
export const readsBlock =
  (kind: string): NodeReader =>
  (c) =>
    imageFirst(c, c.input(0), (x) => c.one(kind, [x], { block: c.config.int('block_size'), mode: 'DCR' }));

/** (x [N, H, W, C], size [height, width]). */
export function readResize(c: NodeContext, kind: 'resizeLinear' | 'resizeNearest'): ValueId {
  const size = numbers(c, 1);
  if (size.length !== 2) c.malformed(`a size of ${size.length} numbers`);
  const linear = kind === 'resizeLinear';
  const half = c.config.bool('half_pixel_centers', false);
  const corners = c.config.bool('align_corners', false);
  const coordinates = corners
    ? 'alignCorners'
    : half
      ? linear
        ? 'halfPixel'
        : 'halfPixelFloor'
      : 'asymmetric';
  const how = linear ? { antialias: false } : { rounding: corners ? 'preferCeil' : 'floor' };
  const x = toChannelsFirst(c, c.input(0));
  const from = c.b.shape(x);
  const shape = [...from.slice(0, 2), ...size];
  const scales = shape.map((d, i) => d / from[i]);
  return toChannelsLast(c, c.one(kind, [x], { shape, scales, coordinates, ...how }));
}
