import { sizeOf } from '../ir/tensor.ts';
import { defineOp } from './define.ts';
import {
  coordinateModes,
  evalTaps,
  type Interpolation,
  inferResize,
  interpolate,
  type ResizeAttrs,
  resizeLinks,
  shrinkResize,
  tfTaps,
} from './resize.ts';
import { lowerTaps } from './resize-lower.ts';
import { checkFloat } from './spatial.ts';
import { readResize } from './tensorflow-pick.ts';

/** Weighs the two nearest elements of every axis; `antialias` widens the triangle where an axis shrinks. */
export type ResizeLinearAttrs = ResizeAttrs & { readonly antialias: boolean };

/** `halfPixelFloor` goes with rounding. */
const linearModes = coordinateModes.filter((mode) => mode !== 'halfPixelFloor');

export default defineOp<ResizeLinearAttrs>({
  kind: 'resizeLinear',
  description: 'resizes any dimensions by linear interpolation',
  arity: [1, 1],
  infer(inputs, a, place) {
    checkFloat(inputs, place);
    return inferResize(inputs, a, place);
  },
  eval: ([x], a) => [evalTaps(x!, a.shape, tapsOf(x!.shape, a))],
  lower: (l, a) => [lowerTaps(l, tapsOf(l.inputType(0).shape, a))],
  macs: (_i, [y], a) => 2 * a.scales.filter((s) => s !== 1).length * sizeOf(y.shape),
  channels: (inputs, _o, a) => resizeLinks(inputs, a),
  shrink: shrinkResize,
  tf: (tf, [x], a) => {
    const taps = tapsOf([a.shape[0], ...(x!.shape.slice(1) as number[])], a);
    return [
      tfTaps(
        tf,
        x!,
        taps.map((t, d) => (a.shape[d] === x!.shape[d] || d === 0 ? undefined : t)),
      ),
    ];
  },
  names: {
    graph: { ResizeBilinear: (c) => readResize(c, 'resizeLinear') },
    tflite: { RESIZE_BILINEAR: (c) => readResize(c, 'resizeLinear') },
  },
  samples: [
    ...linearModes.map((mode) => sample(mode, [1, 2, 4, 5], [1, 2, 7, 3], { coordinates: mode })),
    sample('twice', [2, 1, 3, 3], [2, 1, 6, 6], { coordinates: 'asymmetric' }),
    sample('one_axis', [1, 3, 5], [1, 3, 9], {}),
    sample('channels_last', [1, 3, 4, 2], [1, 5, 6, 2], {}),
    sample('antialias', [1, 1, 9, 8], [1, 1, 4, 3], { antialias: true }),
    sample('scale_is_not_the_ratio', [1, 4, 4], [1, 2, 2], { scales: [1, 0.6, 0.6] }),
  ],
});

const tapsOf = (shape: readonly number[], a: ResizeLinearAttrs) =>
  shape.map((size, d) =>
    interpolate(size, a.shape[d], a.scales[d], a, { ...triangle, antialias: a.antialias }),
  );

const triangle: Interpolation = {
  kernel: (distance) => Math.max(0, 1 - distance),
  reach: 1,
  antialias: false,
  excludeOutside: false,
};

function sample(name: string, from: number[], to: number[], a: Partial<ResizeLinearAttrs>) {
  const scales = to.map((d, i) => d / from[i]);
  const attrs: ResizeLinearAttrs = { shape: to, scales, coordinates: 'halfPixel', antialias: false, ...a };
  return { name, inputs: [{ shape: from }], attrs };
}
