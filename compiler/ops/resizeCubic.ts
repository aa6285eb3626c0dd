import { sizeOf } from '../ir/tensor.ts';
import { defineOp } from './define.ts';
import {
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

/** Keys' cubic convolution over four elements of every axis; `coefficient` is its free parameter (−0.75, −0.5). */
export type ResizeCubicAttrs = ResizeAttrs & {
  readonly coefficient: number;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
};

export default defineOp<ResizeCubicAttrs>({
  kind: 'resizeCubic',
  description: 'resizes any dimensions by cubic interpolation',
  arity: [1, 1],
  infer(inputs, a, place) {
    checkFloat(inputs, place);
    return inferResize(inputs, a, place);
  },
  eval: ([x], a) => [evalTaps(x!, a.shape, tapsOf(x!.shape, a))],
  lower: (l, a) => [lowerTaps(l, tapsOf(l.inputType(0).shape, a))],
  macs: (_i, [y], a) => 4 * a.scales.filter((s) => s !== 1).length * sizeOf(y.shape),
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
  samples: [
    sample('up', [1, 1, 4, 4], [1, 1, 8, 7], {}),
    sample('exclude_outside', [1, 4, 5], [1, 9, 8], { coefficient: -0.5, excludeOutside: true }),
    sample('antialias', [1, 9, 8], [1, 4, 5], { antialias: true }),
    sample('align_corners', [1, 4, 4], [1, 7, 8], { coordinates: 'alignCorners' }),
  ],
});

function tapsOf(shape: readonly number[], a: ResizeCubicAttrs) {
  const keys: Interpolation = {
    kernel: (t) => cubic(t, a.coefficient),
    reach: 2,
    antialias: a.antialias,
    excludeOutside: a.excludeOutside,
  };
  return shape.map((size, d) => interpolate(size, a.shape[d], a.scales[d], a, keys));
}

/** R. Keys, Cubic convolution interpolation for digital image processing, 1981. */
function cubic(t: number, a: number): number {
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}

function sample(name: string, from: number[], to: number[], a: Partial<ResizeCubicAttrs>) {
  const base = {
    coordinates: 'halfPixel',
    coefficient: -0.75,
    antialias: false,
    excludeOutside: false,
  } as const;
  const attrs: ResizeCubicAttrs = { shape: to, scales: to.map((d, i) => d / from[i]), ...base, ...a };
  return { name, inputs: [{ shape: from }], attrs };
}
