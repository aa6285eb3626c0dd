import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import { type Attrs, type DType, defineOp, type NodeContext } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { onnxOneHot } from './onnx-math.ts';
import { number } from './tensorflow.ts';

/**
 * int32 indices […] → […, depth, …] with the new dimension at `axis`: `on` where the index is that of the dimension, else
 * `off`. Indices −depth … −1 count from the end where `wrap`; all others outside give `off` everywhere.
 */
export type OneHotAttrs = Attrs & {
  readonly depth: number;
  readonly axis: number;
  readonly on: number;
  readonly off: number;
  readonly dtype: DType;
  readonly wrap: boolean;
};

export default defineOp<OneHotAttrs>({
  kind: 'oneHot',
  description: 'an index as a vector that is zero elsewhere',
  arity: [1, 1],
  infer([x], a, place) {
    const rank = x!.shape.length;
    if (x!.dtype !== 'int32') throw badShape(`indices are ${x!.dtype}, not int32`, place);
    if (!Number.isInteger(a.depth) || a.depth < 1) throw badShape(`depth must be ≥ 1, not ${a.depth}`, place);
    if (!Number.isInteger(a.axis) || a.axis < -rank - 1 || a.axis > rank) {
      throw badShape(`axis ${a.axis} is outside rank ${rank + 1}`, place);
    }
    return [{ dtype: a.dtype, shape: grown(x!.shape, a) }];
  },
  eval([x], a) {
    const read = elements(x!);
    const axis = axisOf(x!.shape.length, a);
    return [
      tabulate(a.dtype, grown(x!.shape, a), (index) => {
        const given = read(index.filter((_, d) => d !== axis));
        const at = a.wrap && given < 0 ? given + a.depth : given;
        return at === index[axis] ? a.on : a.off;
      }),
    ];
  },
  lower(l, a) {
    const { dtype, shape } = l.outputType(0);
    const x = l.view(0);
    const axis = axisOf(x.dims.length, a);
    const y = l.temp(dtype, shape);
    const iota = l.constant({
      dtype: 'int32',
      shape: [a.depth],
      data: Int32Array.from({ length: a.depth }, (_, i) => i),
    });
    const still = (size: number) => [{ size, axis: -1, step: 0 }];
    const given = { ...x, dims: [...x.dims.slice(0, axis), still(a.depth), ...x.dims.slice(axis)] };
    const places = { ...iota, dims: shape.map((d, i) => (i === axis ? iota.dims[0] : still(d))) };
    const index = e.arg(0, 'i32');
    const wrapped = e.select(e.binary('lt', index, e.i32(0)), e.add(index, e.i32(a.depth)), index);
    const number = dtype === 'float32' ? e.f32 : e.i32;
    l.emit({
      form: 'pointwise',
      args: [given, places],
      expr: e.select(e.binary('eq', a.wrap ? wrapped : index, e.arg(1, 'i32')), number(a.on), number(a.off)),
      y,
    });
    return [y];
  },
  names: { onnx: { OneHot: onnxOneHot }, graph: { OneHot: readOneHot }, tflite: { ONE_HOT: readOneHot } },
  samples: [
    {
      name: 'last',
      inputs: [{ shape: [2, 3], dtype: 'int32', values: [0, 4, 2, -1, 5, 1] }],
      attrs: { depth: 5, axis: -1, on: 1, off: 0, dtype: 'float32', wrap: false },
    },
    {
      name: 'first_wrapped',
      inputs: [{ shape: [4], dtype: 'int32', values: [0, -1, -4, 3] }],
      attrs: { depth: 4, axis: 0, on: 5, off: -2, dtype: 'int32', wrap: true },
    },
  ],
});

const axisOf = (rank: number, a: OneHotAttrs) => (a.axis < 0 ? a.axis + rank + 1 : a.axis);
const grown = (shape: readonly number[], a: OneHotAttrs) => {
  const axis = axisOf(shape.length, a);
  return [...shape.slice(0, axis), a.depth, ...shape.slice(axis)];
};

/** TensorFlow: (indices, depth, on, off). */
function readOneHot(c: NodeContext) {
  const [on, off] = [c.constant(2), c.constant(3)];
  return c.one('oneHot', [c.input(0)], {
    depth: number(c, 1),
    axis: c.config.int('axis', -1),
    on: on.data[0],
    off: off.data[0],
    dtype: on.dtype,
    wrap: false,
  });
}
