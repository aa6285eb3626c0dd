/** Shared by the norms: every row of a view [row, element] is divided by a size of its own. */
import { badShape, type Place } from '../errors.ts';
import { broadcastShapes, normalizeAxis, sameShape } from '../ir/tensor.ts';
import { type Expr, e } from '../plan/expr.ts';
import { broadcastView, groupView, type View } from '../plan/view.ts';
import type { Lowering, Tensor, Value } from './define.ts';
import { elements, indices, tabulate } from './elements.ts';
import { broadcastIndex } from './pointwise.ts';
import { along, splitAxes } from './reduction.ts';
import { checkFloat, range } from './spatial.ts';

/** x, scale? and bias?; the latter broadcast to x. */
export function checkNorm(inputs: readonly (Value | null)[], axes: readonly number[], place: Place) {
  const [x, ...others] = inputs;
  checkFloat(inputs, place);
  if (axes.length === 0) throw badShape('no axes to normalize over', place);
  for (const axis of axes) normalizeAxis(axis, x!.shape.length, place);
  for (const v of others) {
    if (v && !sameShape(broadcastShapes([x!.shape, v.shape], place), x!.shape)) {
      throw badShape(`[${v.shape}] does not broadcast to [${x!.shape}]`, place);
    }
  }
}

/** The reference: (x − shift) · factor · scale + bias, where `f` gives shift and factor from the elements over axes. */
export function evalNorm(
  [x, scale, bias]: readonly (Tensor | null)[],
  axes: readonly number[],
  f: (xs: readonly number[]) => readonly [shift: number, factor: number],
): Tensor {
  const { kept } = splitAxes(x!.shape.length, axes);
  const read = elements(x!);
  const row = (index: readonly number[]) => String(kept.map((d) => index[d]));
  const rows = new Map<string, number[]>();
  for (const index of indices(x!.shape)) {
    const xs = rows.get(row(index));
    if (xs) xs.push(read(index));
    else rows.set(row(index), [read(index)]);
  }
  const moments = new Map([...rows].map(([key, xs]) => [key, f(xs)]));
  const scaleAt = scale && broadcastIndex(scale.shape, x!.shape);
  const biasAt = bias && broadcastIndex(bias.shape, x!.shape);
  let i = 0;
  return tabulate('float32', x!.shape, (index) => {
    const [shift, factor] = moments.get(row(index))!;
    const y = (read(index) - shift) * factor;
    const scaled = scaleAt ? y * scale.data[scaleAt(i)] : y;
    const result = biasAt ? scaled + bias.data[biasAt(i)] : scaled;
    i++;
    return result;
  });
}

/** `Op.permute` of a norm. */
export const permuteNorm = <A extends { readonly axes: readonly number[] }>(
  attrs: A,
  perm: readonly number[],
) => ({
  attrs: { ...attrs, axes: attrs.axes.map((a) => perm[normalizeAxis(a, perm.length)]) },
  perm,
});

export interface NormSteps {
  readonly axes: readonly number[];
  /** Subtract the mean first. */
  readonly center: boolean;
  readonly fn: 'mean' | 'sum';
  /** Mean or sum of squares → factor. */
  factor(squares: Expr): Expr;
}

/** (x − mean?) · factor(mean or sum of squares) · scale? + bias?, with scale and bias as inputs 1 and 2. */
export function lowerNorm(l: Lowering, n: NormSteps): View {
  const { shape } = l.outputType(0);
  const { kept, gone } = splitAxes(shape.length, n.axes);
  const grouped = (v: View) => groupView(v, [kept, gone]);
  const rows = kept.map((d) => shape[d]);
  const row = () => groupView(l.temp('float32', rows), [range(0, rows.length)]);
  let x = grouped(l.view(0));
  if (n.center) {
    const mean = row();
    const centered = grouped(l.temp('float32', shape));
    l.emit({ form: 'reduce', fn: 'mean', x, y: mean });
    l.emit({ form: 'pointwise', args: [x, along(mean, x)], expr: e.sub(e.arg(0), e.arg(1)), y: centered });
    x = centered;
  }
  const factor = row();
  l.emit({
    form: 'reduce',
    fn: n.fn,
    x,
    map: e.mul(e.arg(0), e.arg(0)),
    epilogue: { expr: n.factor(e.arg(0)), args: [] },
    y: factor,
  });
  const y = l.temp('float32', shape);
  const args = [x, along(factor, x)];
  let expr = e.mul(e.arg(0), e.arg(1));
  for (const [input, join] of [
    [1, e.mul],
    [2, e.add],
  ] as const) {
    if (!l.has(input)) continue;
    expr = join(expr, e.arg(args.length));
    args.push(grouped(broadcastView(l.view(input), shape)));
  }
  l.emit({ form: 'pointwise', args, expr, y: grouped(y) });
  return y;
}

export const inverseRoot = (x: Expr) => e.unary('recip', e.unary('sqrt', x));
