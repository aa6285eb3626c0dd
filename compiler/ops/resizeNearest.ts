import { badShape } from '../errors.ts';
import { defineOp } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxResize } from './onnx-resize.ts';
import {
  coordinate,
  coordinateModes,
  inferResize,
  isUntouched,
  type ResizeAttrs,
  readUpSampling,
  resizeLinks,
  shrinkResize,
  tfTaps,
} from './resize.ts';
import { range } from './spatial.ts';
import { take } from './take.ts';
import { readResize } from './tensorflow-pick.ts';

const roundings = {
  preferFloor: (c: number) => Math.ceil(c - 0.5),
  preferCeil: (c: number) => Math.floor(c + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The nearest input element; `rounding` says which where the coordinate lies between two. */
export type ResizeNearestAttrs = ResizeAttrs & { readonly rounding: keyof typeof roundings };

export default defineOp<ResizeNearestAttrs>({
  kind: 'resizeNearest',
  description: 'resizes any dimensions by picking the nearest element',
  arity: [1, 1],
  infer(inputs, a, place) {
    if (!Object.hasOwn(roundings, a.rounding)) throw badShape(`rounding ${a.rounding}`, place);
    return inferResize(inputs, a, place);
  },
  eval([x], a) {
    const read = elements(x!);
    const at = x!.shape.map((size, d) => picks(size, d, a));
    return [tabulate(x!.dtype, a.shape, (index) => read(index.map((q, d) => at[d][q])))];
  },
  lower(l, a) {
    const { dtype } = l.outputType(0);
    const { shape } = l.inputType(0);
    return [
      shape.reduce((v, size, d) => {
        const at = picks(size, d, a);
        return at.length === size && at.every((i, q) => i === q) ? v : take(l, v, d, at, dtype);
      }, l.view(0)),
    ];
  },
  channels: (inputs, _o, a) => resizeLinks(inputs, a),
  shrink: shrinkResize,
  tf: (tf, [x], a) => [
    tfTaps(
      tf,
      x!,
      a.shape.map((out, d) => {
        if (d === 0 || (out === x!.shape[d] && a.scales[d] === 1)) return undefined;
        return picks(x!.shape[d] as number, d, a).map((i) => [[i, 1] as const]);
      }),
    ),
  ],
  names: {
    onnx: { Resize: onnxResize, Upsample: onnxResize },
    graph: { ResizeNearestNeighbor: (c) => readResize(c, 'resizeNearest') },
    tflite: { RESIZE_NEAREST_NEIGHBOR: (c) => readResize(c, 'resizeNearest') },
    layers: { UpSampling1D: readUpSampling, UpSampling2D: readUpSampling, UpSampling3D: readUpSampling },
  },
  samples: [
    sample('twice', [1, 2, 3, 4], [1, 2, 6, 8], { coordinates: 'asymmetric', rounding: 'floor' }),
    sample('uneven_up', [1, 2, 3, 5], [1, 2, 7, 13], { coordinates: 'asymmetric', rounding: 'floor' }),
    sample('down', [1, 1, 8, 6], [1, 1, 4, 2], { coordinates: 'halfPixel', rounding: 'preferFloor' }),
    ...coordinateModes.map((coordinates) =>
      sample(coordinates, [1, 7, 4], [1, 3, 11], { coordinates, rounding: 'preferCeil' }),
    ),
    sample('many_runs', [1, 40], [1, 57], { coordinates: 'alignCorners', rounding: 'preferFloor' }),
    { ...sample('bytes', [1, 3, 3], [1, 6, 6], {}), inputs: [{ shape: [1, 3, 3], dtype: 'uint8' }] },
  ],
});

/** The input index of every output index along dimension d. */
const picks = (size: number, d: number, a: ResizeNearestAttrs) =>
  range(0, a.shape[d]).map((q) => {
    if (isUntouched(size, a.shape[d], a.scales[d])) return q;
    const at = roundings[a.rounding](coordinate(q, size, a.shape[d], a.scales[d], a.coordinates));
    return Math.min(size - 1, Math.max(0, at));
  });

function sample(name: string, from: number[], to: number[], a: Partial<ResizeNearestAttrs>) {
  const scales = to.map((d, i) => d / from[i]);
  const attrs: ResizeNearestAttrs = {
    shape: to,
    scales,
    coordinates: 'halfPixel',
    rounding: 'preferFloor',
    ...a,
  };
  return { name, inputs: [{ shape: from }], attrs };
}
