/** Shared by all reductions over axes. */
import { badShape, type Place } from '../errors.ts';
import { normalizeAxis, sizeOf } from '../ir/tensor.ts';
import { type Expr, e } from '../plan/expr.ts';
import type { ReduceFn } from '../plan/forms.ts';
import { dimSize, groupView } from '../plan/view.ts';
import {
  type Attrs,
  type AxisLink,
  type DType,
  defineOp,
  type LayerContext,
  type Lowering,
  type Op,
  type Shape,
  type Tensor,
  type Tf,
  type TfTensor,
  type View,
} from './define.ts';
import { elements, tabulate } from './elements.ts';
import { scalarOf } from './pointwise.ts';
import { range } from './spatial.ts';

/** `axes` may count from the end; `keepDims` leaves them in place with size 1. */
export type ReduceAttrs = Attrs & { readonly axes: readonly number[]; readonly keepDims: boolean };

interface Reduction extends Pick<Op<ReduceAttrs>, 'kind' | 'description' | 'names'> {
  /** Element types taken; `float32` unless said. */
  readonly types?: readonly DType[];
  /** The reference: all elements that become one. */
  value(xs: readonly number[]): number;
  readonly fn: ReduceFn;
  /** Applied to every element before. */
  map?(x: Expr): Expr;
  /** Applied to every result. */
  finish?(y: Expr): Expr;
  tf?(tf: Tf, x: TfTensor, axes: number[], keepDims: boolean): TfTensor;
}

export function defineReduction(r: Reduction): Op<ReduceAttrs> {
  const { tf } = r;
  const types = r.types ?? ['float32'];
  return defineOp<ReduceAttrs>({
    kind: r.kind,
    description: r.description,
    arity: [1, 1],
    infer([x], { axes, keepDims }, place) {
      if (!types.includes(x!.dtype)) throw badShape(`element type ${x!.dtype} is not one of ${types}`, place);
      return [{ dtype: x!.dtype, shape: reducedShape(x!.shape, axes, keepDims, place) }];
    },
    eval: ([x], { axes, keepDims }) => [reduceTensor(x!, x!.dtype, axes, keepDims, r.value)],
    lower(l, { axes }) {
      const type = scalarOf(l.inputType(0).dtype);
      return [
        reduceStep(l, l.view(0), axes, {
          fn: r.fn,
          map: r.map?.(e.arg(0, type)),
          epilogue: r.finish && { expr: r.finish(e.arg(0, type)), args: [] },
        }),
      ];
    },
    permute: permuteReduction,
    channels: ([x], _o, { axes, keepDims }) => reductionLinks(x!.shape.length, axes, keepDims),
    tf: tf && ((t, [x], { axes, keepDims }) => [tf(t, x!, splitAxes(x!.shape.length, axes).gone, keepDims)]),
    names: r.names,
    samples: [
      ...[
        { name: 'last', shape: [2, 3, 5], attrs: { axes: [-1], keepDims: false } },
        { name: 'middle_kept', shape: [2, 3, 5], attrs: { axes: [1], keepDims: true } },
        { name: 'spatial', shape: [1, 3, 4, 5], attrs: { axes: [2, 3], keepDims: false } },
        { name: 'outer_and_inner', shape: [2, 3, 4], attrs: { axes: [0, 2], keepDims: false } },
        { name: 'all', shape: [1, 13], attrs: { axes: [0, 1], keepDims: false } },
        { name: 'none', shape: [1, 7], attrs: { axes: [], keepDims: false } },
      ].map(({ name, shape, attrs }) => ({
        name,
        inputs: [
          { shape, dtype: types[0], values: r.kind === 'reduceLogSum' ? 'positive' : 'normal' } as const,
        ],
        attrs,
      })),
      ...types.slice(1).map((dtype) => ({
        name: dtype,
        inputs: [{ shape: [2, 9], dtype }],
        attrs: { axes: [1], keepDims: true },
      })),
    ],
  });
}

/** Throws `E_SHAPE` for axes outside or named twice. */
export function reducedShape(
  shape: Shape,
  axes: readonly number[],
  keepDims: boolean,
  place: Place,
): number[] {
  const gone = new Set(axes.map((a) => normalizeAxis(a, shape.length, place)));
  if (gone.size !== axes.length) throw badShape(`axes [${axes}] repeat`, place);
  return shape.flatMap((d, i) => (gone.has(i) ? (keepDims ? [1] : []) : [d]));
}

/** Which axes stay and which go, in order. */
export function splitAxes(rank: number, axes: readonly number[]): { kept: number[]; gone: number[] } {
  const set = new Set(axes.map((a) => normalizeAxis(a, rank)));
  return { kept: range(0, rank).filter((d) => !set.has(d)), gone: range(0, rank).filter((d) => set.has(d)) };
}

/** The reference: `f` sees the elements that become one, in row-major order. */
export function reduceTensor(
  x: Tensor,
  dtype: DType,
  axes: readonly number[],
  keepDims: boolean,
  f: (xs: readonly number[]) => number,
): Tensor {
  const { kept, gone } = splitAxes(x.shape.length, axes);
  const read = elements(x);
  const inner = gone.map((d) => x.shape[d]);
  const at = x.shape.map(() => 0);
  return tabulate(dtype, reducedShape(x.shape, axes, keepDims, {}), (index) => {
    kept.forEach((d, i) => {
      at[d] = index[keepDims ? d : i];
    });
    const xs = Array.from({ length: sizeOf(inner) }, (_, n) => {
      let rest = n;
      for (let i = gone.length - 1; i >= 0; i--) {
        at[gone[i]] = rest % inner[i];
        rest = Math.floor(rest / inner[i]);
      }
      return read(at);
    });
    return f(xs);
  });
}

/** Emits the step for output 0, whose shape is that of `reducedShape`. */
export function reduceStep(
  l: Lowering,
  x: View,
  axes: readonly number[],
  step: { fn: ReduceFn; map?: Expr; last?: boolean; epilogue?: { expr: Expr; args: readonly View[] } },
): View {
  const { dtype, shape } = l.outputType(0);
  const { kept, gone } = splitAxes(x.dims.length, axes);
  const y = l.temp(dtype, shape);
  l.emit({
    form: 'reduce',
    x: groupView(x, [kept, gone]),
    y: groupView(y, [range(0, shape.length)]),
    ...step,
  });
  return y;
}

/** `Op.permute` of a reduction. */
export function permuteReduction<A extends { readonly axes: readonly number[]; readonly keepDims: boolean }>(
  attrs: A,
  perm: readonly number[],
) {
  const { kept, gone } = splitAxes(perm.length, attrs.axes);
  const left = kept.map((d) => perm[d]);
  const order = [...left].sort((a, b) => a - b);
  return {
    attrs: { ...attrs, axes: gone.map((d) => perm[d]) },
    perm: attrs.keepDims ? perm : left.map((p) => order.indexOf(p)),
  };
}

export function reductionLinks(rank: number, axes: readonly number[], keepDims: boolean): AxisLink[] {
  return splitAxes(rank, axes).kept.map((d, i) => [
    [0, d],
    [-1, keepDims ? d : i],
  ]);
}

/** Keras Global…Pooling: over all spatial axes. */
export function readGlobalPool(c: LayerContext, kind: string) {
  const x = c.input(0);
  const rank = c.b.shape(x).length;
  const first = c.config.str('data_format', 'channels_last') === 'channels_first';
  const axes = first ? range(2, rank) : range(1, rank - 1);
  return c.one(kind, [x], { axes, keepDims: c.config.bool('keepdims', false) });
}

/** One value per row, seen by every element of the rows of `x`; both have dimensions [row] and [row, element]. */
export const along = (row: View, x: View): View => ({
  ...row,
  dims: [row.dims[0], [{ size: dimSize(x.dims[1]), axis: -1, step: 0 }]],
});
