import { badShape } from '../errors.ts';
import { defineOp } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxTile } from './onnx-shape.ts';
import { unpermute } from './spatial.ts';
import { numbers } from './tensorflow.ts';

/** Repeats the whole tensor `repeats[d]` times along dimension d. */
export default defineOp<{ readonly repeats: readonly number[] }>({
  kind: 'tile',
  description: 'repeats a tensor along its dimensions; costs nothing until a layout is needed',
  arity: [1, 1],
  infer([x], { repeats }, place) {
    if (repeats.length !== x!.shape.length || repeats.some((r) => !Number.isInteger(r) || r < 0)) {
      throw badShape(`repeats [${repeats}] must be ${x!.shape.length} whole numbers ≥ 0`, place);
    }
    return [{ dtype: x!.dtype, shape: x!.shape.map((d, i) => d * repeats[i]) }];
  },
  eval([x], { repeats }) {
    const read = elements(x!);
    const shape = x!.shape.map((d, i) => d * repeats[i]);
    return [tabulate(x!.dtype, shape, (index) => read(index.map((k, d) => k % x!.shape[d])))];
  },
  identity: (_x, { repeats }) => (repeats.every((r) => r === 1) ? 0 : undefined),
  permute: ({ repeats }, perm) => ({ attrs: { repeats: unpermute(repeats, perm) }, perm }),
  lower(l, { repeats }) {
    const x = l.view(0);
    const again = (r: number) => (r === 1 ? [] : [{ size: r, axis: -1, step: 0 }]);
    return [{ ...x, dims: x.dims.map((d, i) => [...again(repeats[i]), ...d]) }];
  },
  tf: (tf, [x], { repeats }) => [tf.tile(x!, [...repeats])],
  names: {
    onnx: { Tile: onnxTile },
    graph: { Tile: (c) => c.one('tile', [c.input(0)], { repeats: numbers(c, 1) }) },
    tflite: { TILE: (c) => c.one('tile', [c.input(0)], { repeats: numbers(c, 1) }) },
  },
  samples: [
    { name: 'both', inputs: [{ shape: [2, 3] }], attrs: { repeats: [2, 3] } },
    { name: 'unit', inputs: [{ shape: [1, 3, 1] }], attrs: { repeats: [1, 1, 4] } },
    { name: 'none', inputs: [{ shape: [2, 3] }], attrs: { repeats: [1, 0] } },
  ],
});
