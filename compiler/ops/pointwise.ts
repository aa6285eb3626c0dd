/** Shared by all element-wise operators: shapes broadcast as in numpy, one expression per element. */
import { badShape } from '../errors.ts';
import { allocate, broadcastShapes, rowMajor, sameShape, sizeOf } from '../ir/tensor.ts';
import { type Expr, e, type Scalar } from '../plan/expr.ts';
import { broadcastView } from '../plan/view.ts';
import {
  type Attrs,
  type AxisLink,
  type DType,
  defineOp,
  type Op,
  type Place,
  type Sample,
  type SampleInput,
  type Shape,
  type Tensor,
  type TensorType,
  type Value,
  type View,
} from './define.ts';

export interface Pointwise<A extends Attrs>
  extends Pick<Op<A>, 'kind' | 'description' | 'names' | 'tf' | 'identity'> {
  readonly inputs: number;
  /** Element types taken; `float32` unless said. All inputs of one type, except where `dtype` says otherwise. */
  readonly types?: readonly DType[];
  /** Type of the result; that of input 0 unless said. May throw `E_SHAPE`. */
  dtype?(inputs: readonly DType[], attrs: A, place: Place): DType;
  /** Attributes out of range throw `E_SHAPE`. */
  check?(attrs: A, place: Place): void;
  /** The reference, on numbers; `dtype` is that of the result. */
  value(xs: readonly number[], attrs: A, dtype: DType): number;
  /** What is compiled. */
  expr(args: readonly Expr[], attrs: A): Expr;
  readonly samples: readonly Sample<A>[];
}

export const numeric: readonly DType[] = ['float32', 'int32', 'int8', 'uint8'];
export const integers: readonly DType[] = ['int32', 'int8', 'uint8'];
export const anyType: readonly DType[] = [...numeric, 'bool'];

export const scalarOf = (dtype: DType): Scalar => (dtype === 'float32' ? 'f32' : 'i32');

export function definePointwise<A extends Attrs>(p: Pointwise<A>): Op<A> {
  const types = p.types ?? ['float32'];
  const result = (inputs: readonly TensorType[], attrs: A, place: Place) =>
    p.dtype?.(
      inputs.map((v) => v.dtype),
      attrs,
      place,
    ) ?? inputs[0].dtype;
  return defineOp<A>({
    kind: p.kind,
    description: p.description,
    arity: [p.inputs, p.inputs],
    names: p.names,
    tf: p.tf,
    identity: p.identity,
    permute: (attrs, perm) => ({ attrs, perm }),
    samples: p.samples,
    infer(inputs, attrs, place) {
      const given = inputs.filter((v) => v !== null);
      for (const v of given) {
        if (!types.includes(v.dtype))
          throw badShape(`element type ${v.dtype} is not one of ${types.join(', ')}`, place);
      }
      if (!p.dtype && given.some((v) => v.dtype !== given[0].dtype)) {
        throw badShape(`element types ${given.map((v) => v.dtype).join(' and ')} differ`, place);
      }
      const shape = broadcastShapes(
        given.map((v) => v.shape),
        place,
      );
      p.check?.(attrs, place);
      return [{ dtype: result(given, attrs, place), shape }];
    },
    eval(inputs, attrs) {
      const xs = inputs as readonly Tensor[];
      const shape = broadcastShapes(xs.map((x) => x.shape));
      const dtype = result(xs, attrs, {});
      const data = allocate(dtype, sizeOf(shape));
      const at = xs.map((x) => broadcastIndex(x.shape, shape));
      for (let i = 0; i < data.length; i++) {
        data[i] = p.value(
          xs.map((x, k) => x.data[at[k](i)]),
          attrs,
          dtype,
        );
      }
      return [{ dtype, shape, data }];
    },
    lower(l, attrs) {
      const { dtype, shape } = l.outputType(0);
      const y = l.temp(dtype, shape);
      const args: View[] = [];
      const operands = Array.from({ length: p.inputs }, (_, i) => {
        const type = scalarOf(l.inputType(i).dtype);
        const constant = l.constantOf(i);
        if (constant?.data.length === 1) return e[type](constant.data[0]);
        args.push(broadcastView(l.view(i), shape));
        return e.arg(args.length - 1, type);
      });
      const expr = p.expr(operands, attrs);
      l.emit({ form: 'pointwise', args, expr, y });
      return [y];
    },
    channels: (inputs, outputs) => broadcastLinks(inputs as TensorType[], outputs[0]),
  });
}

/** Axis links of broadcasting operators: an output axis, and every input axis of that size behind it. */
export function broadcastLinks(inputs: readonly TensorType[], output: TensorType): AxisLink[] {
  return output.shape.map((size, axis) => {
    const link: [number, number][] = [[-1, axis]];
    inputs.forEach((t, i) => {
      const own = axis - (output.shape.length - t.shape.length);
      if (own >= 0 && t.shape[own] === size) link.push([i, own]);
    });
    return link;
  });
}

/** Row-major index in `to` → row-major index in `from`, which broadcasts to it. */
export function broadcastIndex(from: Shape, to: Shape): (i: number) => number {
  const strides = rowMajor(from);
  const lead = to.length - from.length;
  const outer = rowMajor(to);
  return (i) => {
    let at = 0;
    for (let d = lead; d < to.length; d++) {
      if (from[d - lead] !== 1) at += (Math.floor(i / outer[d]) % to[d]) * strides[d - lead];
    }
    return at;
  };
}

/** A `dtype` that wants operands of one type. */
export const same = (result: DType) => (inputs: readonly DType[], _attrs: unknown, place: Place) => {
  if (inputs.some((d) => d !== inputs[0]))
    throw badShape(`element types ${inputs.join(' and ')} differ`, place);
  return result;
};

/** `a` where `b` is a constant of nothing but `neutral` that doesn't stretch it. */
export const neutral = (a: Value | null, b: Value | null, neutral: number): boolean =>
  !!a &&
  !!b?.data &&
  b.data.every((v) => v === neutral) &&
  sameShape(broadcastShapes([a.shape, b.shape]), a.shape);

/** An image with an odd number of elements. */
export const unarySamples = <A>(attrs: A, input: Partial<SampleInput> = {}, prefix = ''): Sample<A>[] => [
  { name: `${prefix}image`, inputs: [{ shape: [1, 3, 5, 7], ...input }], attrs },
];

/** Operands of one shape, and one per channel. */
export const binarySamples = <A>(
  attrs: A,
  a: Partial<SampleInput> = {},
  b: Partial<SampleInput> = a,
  prefix = '',
): Sample<A>[] => [
  {
    name: `${prefix}same`,
    inputs: [
      { shape: [2, 3, 5], ...a },
      { shape: [2, 3, 5], ...b },
    ],
    attrs,
  },
  {
    name: `${prefix}channel`,
    inputs: [
      { shape: [1, 3, 4, 5], ...a },
      { shape: [3, 1, 1], constant: true, ...b },
    ],
    attrs,
  },
];
