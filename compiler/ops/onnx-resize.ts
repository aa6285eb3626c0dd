/** ONNX Resize and Upsample. */
import { sameShape } from '../ir/tensor.ts';
import type { OnnxContext, OnnxReader, ValueId } from './define.ts';
import { axisOf, cast, hasInput, numbers } from './onnx.ts';
import { range } from './spatial.ts';

const coordinates: Readonly<Record<string, string>> = {
  half_pixel: 'halfPixel',
  half_pixel_symmetric: 'halfPixelSymmetric',
  pytorch_half_pixel: 'pytorchHalfPixel',
  tf_half_pixel_for_nn: 'halfPixelFloor',
  align_corners: 'alignCorners',
  asymmetric: 'asymmetric',
};

const roundings: Readonly<Record<string, string>> = {
  round_prefer_floor: 'preferFloor',
  round_prefer_ceil: 'preferCeil',
  floor: 'floor',
  ceil: 'ceil',
};

/** Upsample, and Resize of opset 10, have no modes: corners at the origin, rounded down. */
export const onnxResize: OnnxReader = (c) => {
  const x = c.input(0);
  const old = c.source === 'Upsample' || c.opset < 11;
  const mode = c.config.str('mode', 'nearest');
  const word = old ? 'asymmetric' : c.config.str('coordinate_transformation_mode', 'half_pixel');
  if (!Object.hasOwn(coordinates, word)) return c.unsupported(`coordinate mode ${JSON.stringify(word)}`);
  const attrs = { ...target(c, x, old), coordinates: coordinates[word] };
  if (sameShape(attrs.shape, c.b.shape(x)) && attrs.scales.every((s) => s === 1)) return x;
  switch (mode) {
    case 'nearest': {
      const rounding = old ? 'floor' : c.config.str('nearest_mode', 'round_prefer_floor');
      if (!Object.hasOwn(roundings, rounding)) return c.malformed(`nearest_mode ${JSON.stringify(rounding)}`);
      return c.one('resizeNearest', [x], { ...attrs, rounding: roundings[rounding] });
    }
    case 'linear':
    case 'bilinear':
      return inFloat(c, x, (y) => c.one('resizeLinear', [y], { ...attrs, ...smooth(c) }));
    case 'cubic': {
      const coefficient = c.config.float('cubic_coeff_a', -0.75);
      const excludeOutside = c.config.bool('exclude_outside', false);
      return inFloat(c, x, (y) =>
        c.one('resizeCubic', [y], { ...attrs, coefficient, excludeOutside, ...smooth(c) }),
      );
    }
    default:
      return c.unsupported(`mode ${JSON.stringify(mode)}`);
  }
};

const smooth = (c: OnnxContext) => ({ antialias: c.config.bool('antialias', false) });

const inFloat = (c: OnnxContext, x: ValueId, f: (x: ValueId) => ValueId) =>
  cast(c, f(cast(c, x, 'float32')), c.b.value(x).dtype);

/** Output shape and scales from scales or sizes, which may be those of some axes only. */
function target(c: OnnxContext, x: ValueId, old: boolean): { shape: number[]; scales: number[] } {
  const size = c.b.shape(x);
  const axes = c.config.ints('axes', undefined, range(0, size.length)).map((a) => axisOf(c, a, size.length));
  const sizes = !old && hasInput(c, 3) ? numbers(c, 3) : [];
  const given = sizes.length > 0 ? [] : scalesOf(c, old);
  const list = sizes.length > 0 ? sizes : given;
  if (list.length !== axes.length || list.some((v) => !(v > 0 && v < 2 ** 31)))
    c.malformed(`scales or sizes [${list.slice(0, 8)}] don't fit [${size}]`);
  const at = (d: number) => list[axes.indexOf(d)];
  if (sizes.length > 0) {
    const policy = c.config.str('keep_aspect_ratio_policy', 'stretch');
    if (policy !== 'stretch') c.unsupported(`keep_aspect_ratio_policy ${JSON.stringify(policy)}`);
    const shape = size.map((n, d) => (axes.includes(d) ? at(d) : n));
    return { shape, scales: shape.map((n, d) => n / size[d]) };
  }
  const scales = size.map((_, d) => (axes.includes(d) ? at(d) : 1));
  return { shape: size.map((n, d) => Math.floor(n * scales[d])), scales };
}

function scalesOf(c: OnnxContext, old: boolean): number[] {
  if (c.config.has('scales')) return c.config.raw('scales') as number[];
  return numbers(c, old ? 1 : 2);
}
