/** Loop nests: several views walked together, as byte strides. */
import { InternalError } from '../errors.ts';
import type { DType } from '../ir/tensor.ts';
import { elementBytes } from '../ir/tensor.ts';
import type { Plan } from './forms.ts';
import { type Layout, startOf, strideOf } from './layout.ts';
import type { Factor, PlanId, View } from './view.ts';

export interface Operand {
  readonly view: View;
  readonly layout: Layout;
  readonly dtype: DType;
}

export const operandOf = (view: View, { values }: Plan, layouts: ReadonlyMap<PlanId, Layout>): Operand => ({
  view,
  layout: layouts.get(view.value)!,
  dtype: values.get(view.value)!.dtype,
});

/** One loop: how often, and how far each operand moves, in bytes. */
export interface Loop {
  readonly size: number;
  readonly strides: readonly number[];
}

export const startBytes = (o: Operand) => startOf(o.layout, o.view) * elementBytes[o.dtype];

/**
 * The loops over `dims` (all operands have these dimensions, of equal sizes), outermost first. Loops of one iteration are
 * dropped, neighbours that are one walk for all operands are merged.
 */
export function nest(operands: readonly Operand[], dims: readonly number[]): Loop[] {
  const empty = operands.some((o) => dims.some((d) => o.view.dims[d].some((f) => f.size === 0)));
  if (empty) return [{ size: 0, strides: operands.map(() => 0) }];
  const loops = dims.flatMap((d) => {
    const walks = operands.map((o) => o.view.dims[d]);
    const cut = refine(walks);
    if (!cut) throw new InternalError(`dimensions don't align: ${JSON.stringify(walks)}`);
    return cut.map((factors) => ({
      size: factors[0].size,
      strides: factors.map((f, i) => strideBytes(operands[i], f)),
    }));
  });
  return merge(loops);
}

export function strideBytes(o: Operand, f: Factor): number {
  const stride = strideOf(o.layout, f);
  if (stride === undefined) throw new InternalError('a walk crosses the phases of its layout');
  return stride * elementBytes[o.dtype];
}

export function merge(loops: readonly Loop[]): Loop[] {
  const out: Loop[] = [];
  for (const inner of loops) {
    if (inner.size === 1) continue;
    const outer = out.at(-1);
    if (outer?.strides.every((s, i) => s === inner.strides[i] * inner.size)) {
      out[out.length - 1] = { size: outer.size * inner.size, strides: inner.strides };
    } else out.push(inner);
  }
  return out;
}

/** True where the views have loops in common over `dims`. */
export const aligns = (views: readonly View[], dims: readonly number[]): boolean =>
  dims.every((d) => refine(views.map((v) => v.dims[d])) !== undefined);

/** Cuts several factorings of one dimension at common places; `undefined` where there are none. */
function refine(dims: readonly (readonly Factor[])[]): Factor[][] | undefined {
  const rest = dims.map((dim) => dim.filter((f) => f.size !== 1).reverse());
  const heads = rest.map((list) => list.shift());
  const out: Factor[][] = [];
  while (heads.some((h) => h !== undefined)) {
    const sizes = heads.map((h) => h?.size ?? 1);
    const n = Math.min(...sizes);
    if (sizes.some((s) => s % n !== 0) || (n === 1 && sizes.some((s) => s !== 1))) return undefined;
    out.unshift(heads.map((h) => ({ ...h!, size: n })));
    heads.forEach((h, i) => {
      heads[i] = h!.size === n ? rest[i].shift() : { size: h!.size / n, axis: h!.axis, step: h!.step * n };
    });
  }
  return out;
}
