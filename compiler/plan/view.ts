/**
 * Views: how a step sees a value. A view has logical dimensions, each a list of factors (outermost first); one factor is
 * one loop that walks along one axis of the value. Transposes, reshapes, slices, broadcasts, padding and im2col windows are
 * all views, so none of them costs anything until a kernel asks for a layout that the value doesn't have.
 *
 *     x: value [C=2, H=4, W=4], 3×3 window, pad 1, as columns × pixels
 *     dims = [ [C:2 axis 0 step 1][kh:3 axis 1 step 1][kw:3 axis 2 step 1],      origin = [0, -1, -1]
 *              [oh:4 axis 1 step 1][ow:4 axis 2 step 1] ]
 *
 * The coordinate on an axis is origin[axis] + Σ step·index over all factors on that axis. A coordinate outside the value
 * reads the fill of the step (zero unless said otherwise): that is padding.
 */
import { assert } from '../errors.ts';
import type { Shape } from '../ir/tensor.ts';

export type PlanId = number;

export interface Factor {
  readonly size: number;
  /** Axis of the value; -1 where the index moves nothing (broadcast). */
  readonly axis: number;
  readonly step: number;
}

export interface View {
  readonly value: PlanId;
  /** The value's shape. */
  readonly shape: Shape;
  readonly origin: readonly number[];
  readonly dims: readonly (readonly Factor[])[];
}

export const dimSize = (dim: readonly Factor[]) => dim.reduce((n, f) => n * f.size, 1);
export const viewShape = (v: View) => v.dims.map(dimSize);

/** The whole value, one factor per axis. */
export function whole(value: PlanId, shape: Shape): View {
  return {
    value,
    shape,
    origin: shape.map(() => 0),
    dims: shape.map((size, axis) => tidy([{ size, axis, step: 1 }])),
  };
}

/** Drops factors of size 1 and merges neighbours that together are one walk. */
function tidy(factors: readonly Factor[]): Factor[] {
  const out: Factor[] = [];
  for (const f of factors) {
    if (f.size === 1) continue;
    const last = out.at(-1);
    if (last && last.axis === f.axis && last.step === f.step * f.size) {
      out[out.length - 1] = { size: last.size * f.size, axis: f.axis, step: f.step };
    } else out.push(f);
  }
  return out;
}

export const transposeView = (v: View, perm: readonly number[]): View => ({
  ...v,
  dims: perm.map((p) => v.dims[p]),
});

/** `undefined` where the new shape cuts a factor unevenly. */
export function reshapeView(v: View, shape: Shape): View | undefined {
  const flat = v.dims.flat();
  if (shape.includes(0)) return emptyView(v, shape);
  const dims: Factor[][] = [];
  let i = 0;
  let rest: Factor | undefined = flat[i++];
  for (const d of shape) {
    const dim: Factor[] = [];
    // Factors are outermost first: a dimension takes whole factors until it is full, then the outer part of the next.
    let need = d;
    while (need > 1) {
      if (!rest) return undefined;
      if (need % rest.size === 0) {
        dim.push(rest);
        need /= rest.size;
        rest = flat[i++];
      } else if (rest.size % need === 0) {
        const inner: number = rest.size / need;
        dim.push({ size: need, axis: rest.axis, step: rest.step * inner });
        rest = { size: inner, axis: rest.axis, step: rest.step };
        need = 1;
      } else return undefined;
    }
    dims.push(tidy(dim));
  }
  return { ...v, dims };
}

/**
 * Start, size and step (may be negative) per dimension; `undefined` where a cut dimension has several factors and the cut
 * isn't one of whole steps of the outermost.
 */
export function sliceView(
  v: View,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): View | undefined {
  if (sizes.includes(0)) return emptyView(v, sizes);
  const origin = [...v.origin];
  const dims: Factor[][] = [];
  for (let d = 0; d < v.dims.length; d++) {
    const dim = v.dims[d];
    if (starts[d] === 0 && steps[d] === 1 && sizes[d] === dimSize(dim)) {
      dims.push([...dim]);
      continue;
    }
    for (const { axis, shift } of indexOf(dim, starts[d])) if (axis >= 0) origin[axis] += shift;
    const [f, ...inner] = dim;
    const chunk = dimSize(inner);
    if (sizes[d] === 1 || !f) dims.push([]);
    else if (inner.length === 0) dims.push([{ size: sizes[d], axis: f.axis, step: f.step * steps[d] }]);
    else if (steps[d] === 1 && starts[d] % chunk === 0 && sizes[d] % chunk === 0) {
      dims.push(tidy([{ ...f, size: sizes[d] / chunk }, ...inner]));
    } else return undefined;
  }
  return { ...v, origin, dims };
}

const emptyView = (v: View, shape: Shape): View => ({
  ...v,
  dims: shape.map((size) => [{ size, axis: -1, step: 0 }]),
});

function indexOf(dim: readonly Factor[], index: number): { axis: number; shift: number }[] {
  const out: { axis: number; shift: number }[] = [];
  let rest = index;
  for (let i = dim.length - 1; i >= 0; i--) {
    out.push({ axis: dim[i].axis, shift: dim[i].step * (rest % dim[i].size) });
    rest = Math.floor(rest / dim[i].size);
  }
  return out;
}

/**
 * Extends dimensions by `before` and `after`. `undefined` where the view doesn't reach the edge of its value there (a
 * padding must read outside) or isn't a single walk.
 */
export function padView(v: View, before: readonly number[], after: readonly number[]): View | undefined {
  const origin = [...v.origin];
  const dims: Factor[][] = [];
  for (let d = 0; d < v.dims.length; d++) {
    const dim = v.dims[d];
    if (before[d] === 0 && after[d] === 0) {
      dims.push([...dim]);
      continue;
    }
    if (dim.length > 1) return undefined;
    let f = dim[0];
    if (!f) {
      // A dimension of size 1 may still stand for an axis of size 1: give it back its loop.
      const axis = unitAxis({ ...v, origin, dims: [...dims, ...v.dims.slice(d)] }, d);
      if (axis === undefined) return undefined;
      f = { size: 1, axis, step: 1 };
    }
    if (f.axis < 0 || f.step < 0 || v.dims.some((o, i) => i !== d && o.some((g) => g.axis === f.axis)))
      return undefined;
    const low = origin[f.axis];
    const high = low + f.step * (f.size - 1);
    if (before[d] > 0 && low - f.step >= 0) return undefined;
    if (after[d] > 0 && high + f.step < v.shape[f.axis]) return undefined;
    origin[f.axis] -= before[d] * f.step;
    dims.push(tidy([{ size: f.size + before[d] + after[d], axis: f.axis, step: f.step }]));
  }
  return { ...v, origin, dims };
}

/** An axis of size 1 on which nothing walks, for dimension d: in the order of the axes where one is left. */
function unitAxis(v: View, d: number): number | undefined {
  const walked = new Set(v.dims.flat().map((f) => f.axis));
  const free = v.shape.flatMap((s, a) => (s === 1 && v.origin[a] === 0 && !walked.has(a) ? [a] : []));
  const axesOf = (dims: View['dims']) => dims.flat().map((f) => f.axis);
  const low = Math.max(-1, ...axesOf(v.dims.slice(0, d)));
  const behind = v.dims.slice(d + 1).filter((dim) => dim.length === 0).length;
  const after = free.filter((a) => a > low);
  // Later dimensions of size 1 want an axis too: leave them the last ones.
  return after.at(-1 - behind) ?? after[0] ?? free[0];
}

/** Numpy broadcasting to `shape`. */
export function broadcastView(v: View, shape: Shape): View {
  const lead = shape.length - v.dims.length;
  const dims = shape.map((size, i) => {
    const dim = i < lead ? [] : v.dims[i - lead];
    return dimSize(dim) === size ? [...dim] : [{ size, axis: -1, step: 0 }];
  });
  return { ...v, dims };
}

/**
 * Splits dimension `dim` into windows: it becomes [taps, positions] at `dim` and `dim + 1`. `undefined` where the
 * dimension has several factors.
 */
export function windowView(
  v: View,
  dim: number,
  taps: number,
  positions: number,
  stride: number,
  dilation: number,
): View | undefined {
  const factors = v.dims[dim];
  if (factors.length > 1) return undefined;
  const f = factors[0] ?? { size: 1, axis: -1, step: 0 };
  return {
    ...v,
    dims: [
      ...v.dims.slice(0, dim),
      tidy([{ size: taps, axis: f.axis, step: f.step * dilation }]),
      tidy([{ size: positions, axis: f.axis, step: f.step * stride }]),
      ...v.dims.slice(dim + 1),
    ],
  };
}

/** Concatenates dimensions: `groups` lists, per new dimension, the old ones that it runs through, outermost first. */
export const groupView = (v: View, groups: readonly (readonly number[])[]): View => ({
  ...v,
  dims: groups.map((g) => tidy(g.flatMap((d) => v.dims[d]))),
});

/** The same view with all size-1 axes kept out: true where it reads every element of its value once, in row-major order. */
export function isIdentity(v: View): boolean {
  let axis = 0;
  for (const f of tidy(v.dims.flat())) {
    while (axis < v.shape.length && v.shape[axis] === 1) axis++;
    if (f.axis !== axis || f.step !== 1 || f.size !== v.shape[axis]) return false;
    axis++;
  }
  while (axis < v.shape.length && v.shape[axis] === 1) axis++;
  return axis === v.shape.length && v.origin.every((o) => o === 0);
}

/** True where two views visit the same elements in the same order. */
export const sameView = (a: View, b: View) =>
  a.value === b.value &&
  a.origin.every((o, i) => o === b.origin[i]) &&
  JSON.stringify(a.dims.map(tidy)) === JSON.stringify(b.dims.map(tidy));

/**
 * Lowest and highest coordinate that the view touches on each axis; outside 0 … size-1 it reads padding.
 */
export function extent(v: View): { low: number; high: number }[] {
  const out = v.origin.map((o) => ({ low: o, high: o }));
  for (const f of v.dims.flat()) {
    if (f.axis < 0) continue;
    const reach = f.step * (f.size - 1);
    if (reach > 0) out[f.axis].high += reach;
    else out[f.axis].low += reach;
  }
  return out;
}

/** How far the view reaches beyond the value on each axis, before its first and behind its last coordinate. */
export const paddingOf = (v: View): [before: number, behind: number][] =>
  extent(v).map((x, a) => [Math.max(0, -x.low), Math.max(0, x.high - v.shape[a] + 1)]);

export const readsPadding = (v: View) =>
  paddingOf(v)
    .flat()
    .some((n) => n > 0);

/**
 * Re-expresses `view`, a view of `from.value`, in terms of `to`, where `from` covers its value exactly once and `from`
 * and `to` have the same dimensions: element `from[i]` is element `to[i]`. `undefined` where factors don't align.
 *
 * This is what moves a producer's output (or a consumer's input) from one value to another.
 */
export function through(view: View, from: View, to: View): View | undefined {
  assert(view.value === from.value, 'through: the view is of another value');
  const legs = legsOf(from, to);
  if (!legs) return undefined;
  const origin = [...to.origin];
  // Per axis and leg, the range of the digit that the leg stands for.
  const digits = legs.map((list, a) => {
    let rest = view.origin[a];
    return list.map((leg) => {
      const low = Math.floor(rest / leg.step);
      rest -= low * leg.step;
      if (leg.to.axis >= 0) origin[leg.to.axis] += low * leg.to.step;
      return { low, high: low };
    });
  });
  const dims: Factor[][] = [];
  for (const dim of view.dims) {
    const out: Factor[] = [];
    for (const f of dim) {
      if (f.axis < 0) {
        out.push(f);
        continue;
      }
      const parts = split(f, legs[f.axis]);
      if (!parts) return undefined;
      for (const { leg, size, step } of parts) {
        const digit = digits[f.axis][leg];
        if (step > 0) digit.high += step * (size - 1);
        else digit.low += step * (size - 1);
        const t = legs[f.axis][leg].to;
        out.push({ size, axis: t.axis, step: t.axis < 0 ? 0 : step * t.step });
      }
    }
    dims.push(tidy(out));
  }

  for (let a = 0; a < legs.length; a++) {
    const size = from.shape[a];
    if (legs[a].length === 0) {
      if (view.origin[a] !== 0) return undefined;
      continue;
    }
    const inside = digits[a].every((d, i) => d.low >= 0 && d.high < legs[a][i].size);
    if (inside) continue;
    if (legs[a].length > 1) return undefined;
    // Padding must stay padding: one step past either end of `from` must lie outside `to.value` too.
    const t = legs[a][0].to;
    if (t.axis < 0 || legs.flat().some((leg) => leg.to !== t && leg.to.axis === t.axis)) return undefined;
    const outside = (i: number) => {
      const at = to.origin[t.axis] + i * t.step;
      return at < 0 || at >= to.shape[t.axis];
    };
    if (digits[a][0].low < 0 && !outside(-1)) return undefined;
    if (digits[a][0].high >= size && !outside(size)) return undefined;
  }
  return { value: to.value, shape: to.shape, origin, dims };
}

/** A digit of an axis of `from`: `size` values worth `step` each, and how it walks in `to`. */
interface Leg {
  readonly size: number;
  readonly step: number;
  readonly to: { readonly axis: number; readonly step: number };
}

/** Per axis of `from.value` its legs, outermost first; `undefined` unless `from` covers each axis exactly once. */
function legsOf(from: View, to: View): Leg[][] | undefined {
  const legs: Leg[][] = from.shape.map(() => []);
  if (from.dims.length !== to.dims.length || from.origin.some((o) => o !== 0)) return undefined;
  for (let d = 0; d < from.dims.length; d++) {
    const pairs = align(from.dims[d], to.dims[d]);
    if (!pairs) return undefined;
    for (const [f, t] of pairs) {
      if (f.axis < 0) return undefined;
      legs[f.axis].push({ size: f.size, step: f.step, to: { axis: t.axis, step: t.step } });
    }
  }
  for (let a = 0; a < legs.length; a++) {
    legs[a].sort((x, y) => y.step - x.step);
    let inner = 1;
    for (const leg of [...legs[a]].reverse()) {
      if (leg.step !== inner) return undefined;
      inner *= leg.size;
    }
    if (inner !== from.shape[a]) return undefined;
  }
  return legs;
}

/** A walk along an axis as walks along its legs, outermost first, steps in units of each leg's digit. */
function split(f: Factor, legs: readonly Leg[]): { leg: number; size: number; step: number }[] | undefined {
  if (legs.length === 1) return [{ leg: 0, size: f.size, step: f.step }];
  const sign = Math.sign(f.step);
  const out: { leg: number; size: number; step: number }[] = [];
  let left = f.size;
  let step = Math.abs(f.step);
  for (let i = legs.length - 1; i >= 0 && left > 1; i--) {
    const { size, step: unit } = legs[i];
    const top = unit * size;
    if (step >= top) continue;
    if (step % unit !== 0) return undefined;
    const whole = left * step <= top || i === 0 ? left : top / step;
    if (left % whole !== 0 || (whole !== left && top % step !== 0)) return undefined;
    out.unshift({ leg: i, size: whole, step: sign * (step / unit) });
    left /= whole;
    step = top;
  }
  return left === 1 ? out : undefined;
}

/** The common refinement of two factorings of one dimension. */
function align(a: readonly Factor[], b: readonly Factor[]): [Factor, Factor][] | undefined {
  const out: [Factor, Factor][] = [];
  const left = a.filter((f) => f.size !== 1).reverse();
  const right = b.filter((f) => f.size !== 1).reverse();
  let i = 0;
  let j = 0;
  let x = left[i];
  let y = right[j];
  while (x && y) {
    const n = Math.min(x.size, y.size);
    if (x.size % n !== 0 || y.size % n !== 0) return undefined;
    out.unshift([
      { ...x, size: n },
      { ...y, size: n },
    ]);
    x = x.size === n ? left[++i] : { size: x.size / n, axis: x.axis, step: x.step * n };
    y = y.size === n ? right[++j] : { size: y.size / n, axis: y.axis, step: y.step * n };
  }
  return x || y ? undefined : out;
}

/** True where the dimension moves nothing. */
export const isBroadcast = (dim: readonly Factor[]) =>
  dim.every((f) => f.size === 1 || f.axis < 0 || f.step === 0);
