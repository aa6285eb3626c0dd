/**
 * Physical layouts: where each element of a value lies in its buffer.
 *
 * Axes are stored outermost first in `order`. Padding is part of the buffer: margins around the two innermost axes, shared
 * by neighbours, so that a window that leaves a row on the right reads the left margin of the next one.
 *
 *     H=2, W=3, margins 1:   base ┐
 *                 · · · · · ·     │        pitch = W + 1, plane = (H + 1) · pitch
 *                 · a b c · d e f · · · ·  next plane starts where this one's bottom margin ends
 *
 * With phases (strided convolutions), coordinate c of an axis lies in plane (c + before) mod s at (c + before) div s, so
 * that the positions of a stride-s window are neighbours.
 */
import { assert } from '../errors.ts';
import type { Shape } from '../ir/tensor.ts';
import type { Factor, View } from './view.ts';

export interface Layout {
  readonly shape: Shape;
  /** Axes, outermost first. */
  readonly order: readonly number[];
  /** Elements per coordinate (per phase step, where the axis has phases). */
  readonly strides: readonly number[];
  readonly phases: readonly number[];
  readonly phaseStrides: readonly number[];
  /** Margin before coordinate 0, per axis. */
  readonly before: readonly number[];
  /** Margin behind the last coordinate, per axis. */
  readonly after: readonly number[];
  /** Buffer size in elements. */
  readonly elements: number;
  /** What margins and gaps hold, where a reader depends on them. */
  readonly fill?: number;
}

export interface LayoutRequest {
  readonly shape: Shape;
  /** Axes that must be innermost, in this order; the others keep theirs. */
  readonly tail?: readonly number[];
  readonly phases?: readonly number[];
  readonly before?: readonly number[];
  readonly after?: readonly number[];
  /** At least this many elements between rows. */
  readonly pitch?: number;
  readonly fill?: number;
}

/** Floats of a 128-bit vector, of a cache line and of a page. */
const lanes = 4;
const line = 16;
const page = 1024;

/**
 * Elements from plane to plane: whole vectors, and of large planes no multiple of four cache lines, for then the same pixels of all
 * planes would share a few sets of an L1 cache.
 */
export function planeStride(elements: number): number {
  const whole = Math.ceil(elements / lanes) * lanes;
  return whole >= page && whole % (4 * line) === 0 ? whole + line : whole;
}

export function makeLayout(r: LayoutRequest): Layout {
  const rank = r.shape.length;
  const zero = r.shape.map(() => 0);
  const before = r.before ?? zero;
  const after = r.after ?? zero;
  const phases = r.phases ?? r.shape.map(() => 1);
  const order = orderOf(r);
  const strides = [...zero];
  const phaseStrides = [...zero];

  // Extent per axis: shared margins where there are no phases; whole positions per phase where there are.
  const extents = r.shape.map((size, a) =>
    phases[a] > 1
      ? Math.ceil((size + before[a] + after[a]) / phases[a])
      : size + Math.max(before[a], after[a]),
  );
  const tail = Math.min(2, r.tail?.length ?? 0);
  let stride = 1;
  let pending: number[] = [];
  const flush = () => {
    for (const a of pending) {
      phaseStrides[a] = stride;
      stride *= phases[a];
    }
    pending = [];
  };
  for (let i = rank - 1; i >= 0; i--) {
    const a = order[i];
    if (tail > 0 && i === rank - 1 - tail) stride = planeStride(stride);
    // Phase planes sit between the spatial axes and the axes outside them.
    if (phases[a] === 1) flush();
    strides[a] = stride;
    stride *= i === rank - 1 ? Math.max(extents[a], r.pitch ?? 0) : extents[a];
    if (phases[a] > 1) pending.push(a);
  }
  flush();
  const layout = { shape: r.shape, order, strides, phases, phaseStrides, before, after, fill: r.fill };
  // Margins before coordinate 0 come on top of the extents, which hold the shared margins behind it.
  const lead = r.shape.reduce((n, _, a) => n + (phases[a] > 1 ? 0 : before[a] * strides[a]), 0);
  const elements = r.shape.includes(0) ? 0 : lead + stride;
  return { ...layout, elements };
}

export const orderOf = (r: LayoutRequest): number[] => {
  const tail = r.tail ?? [];
  return [...[...r.shape.keys()].filter((a) => !tail.includes(a)), ...tail];
};

/** The element at a coordinate; margins included. */
export function address(l: Layout, coordinate: readonly number[]): number {
  let at = 0;
  for (let a = 0; a < coordinate.length; a++) {
    const c = coordinate[a] + l.before[a];
    const s = l.phases[a];
    at += s === 1 ? c * l.strides[a] : (c % s) * l.phaseStrides[a] + Math.floor(c / s) * l.strides[a];
  }
  return at;
}

/** Elements between neighbours of a factor; `undefined` where that isn't constant. */
export function strideOf(l: Layout, f: Factor): number | undefined {
  if (f.axis < 0 || f.size === 1) return 0;
  const s = l.phases[f.axis];
  if (s === 1) return f.step * l.strides[f.axis];
  return f.step % s === 0 ? (f.step / s) * l.strides[f.axis] : undefined;
}

/** Element of the view's first entry. */
export const startOf = (l: Layout, view: View) => address(l, view.origin);

/** Element offsets of all entries of one dimension, relative to the view's start; other dimensions at their first entry. */
export function offsetsOf(l: Layout, view: View, dim: number): Int32Array {
  const factors = view.dims[dim];
  const size = factors.reduce((n, f) => n * f.size, 1);
  const start = startOf(l, view);
  const out = new Int32Array(size);
  const at = [...view.origin];
  const index = factors.map(() => 0);
  for (let i = 0; i < size; i++) {
    out[i] = address(l, at) - start;
    for (let d = factors.length - 1; d >= 0; d--) {
      const f = factors[d];
      if (f.axis >= 0) at[f.axis] += f.step;
      if (++index[d] < f.size) break;
      if (f.axis >= 0) at[f.axis] -= f.step * f.size;
      index[d] = 0;
    }
  }
  return out;
}

/** True where every element lies in row-major order with nothing between. */
export function isPlain(l: Layout): boolean {
  assert(l.strides.length === l.shape.length, 'a layout has a stride per axis');
  let stride = 1;
  for (let a = l.shape.length - 1; a >= 0; a--) {
    if (l.phases[a] > 1 || l.before[a] > 0 || l.after[a] > 0) return false;
    if (l.shape[a] !== 1 && l.strides[a] !== stride) return false;
    stride *= l.shape[a];
  }
  return true;
}

export const plainLayout = (shape: Shape): Layout => makeLayout({ shape });

/**
 * True where gaps lie between rows and planes alone, at even distances: no phases, no margins outside the two innermost
 * axes. Other buffers are filled whole before their one writer.
 */
export const hasEvenGaps = (l: Pick<Layout, 'order' | 'phases' | 'before' | 'after'>) =>
  l.phases.every((p) => p === 1) && l.order.slice(0, -2).every((a) => l.before[a] === 0 && l.after[a] === 0);
