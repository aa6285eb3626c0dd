/**
 * Staging: gives every value the layout that its readers and writers want. Where a value can't have it (inputs, outputs,
 * conflicting wishes), a private copy in the wanted layout is put between.
 *
 * Wishes come from `linear` and `window` steps: pixels must be neighbours in memory, padding must lie in margins, and the
 * positions of a strided convolution must be neighbours too (phases).
 */
import { assert } from '../errors.ts';
import type { Graph } from '../ir/graph.ts';
import type { Shape } from '../ir/tensor.ts';
import { runPays } from '../kernel-costs.ts';
import {
  type LinearStep,
  type Plan,
  type PlanValue,
  reads,
  type Step,
  type WindowStep,
  writes,
} from './forms.ts';
import { fuse, mapViews } from './fuse.ts';
import {
  hasEvenGaps,
  type Layout,
  type LayoutRequest,
  makeLayout,
  offsetsOf,
  orderOf,
  plainLayout,
} from './layout.ts';
import { lower } from './lower.ts';
import {
  dimSize,
  type Factor,
  type PlanId,
  paddingOf,
  readsPadding,
  sameView,
  type View,
  whole,
} from './view.ts';
import { padsItself } from './window.ts';

export interface Staged {
  readonly plan: Plan;
  readonly layouts: ReadonlyMap<PlanId, Layout>;
}

/** A graph lowered, fused and staged. */
export const stageGraph = (graph: Graph): Staged => stage(fuse(lower(graph)));

interface Wish {
  /** Axes along which pixels run, outermost first: these lie innermost. */
  readonly tail: readonly number[];
  readonly phases: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly fill: number | undefined;
}

/** Fewer pixels than this are outer iterations of a matrix–vector product. */
const fewPixels = 2;

export function stage(plan: Plan): Staged {
  const values = new Map(plan.values);
  const fixed = fixedValues(plan);
  const wishes = new Wishes();
  const copies = new Map<string, PlanId>();
  const steps: Step[] = [];

  const fresh = (like: PlanValue, shape = like.shape): PlanValue => {
    const id = Math.max(-1, ...values.keys()) + 1;
    const v: PlanValue = { id, name: like.name, dtype: like.dtype, shape, role: 'temp' };
    values.set(id, v);
    return v;
  };
  const copy = (x: View, y: View, name: string) =>
    void steps.push({ form: 'move', name, op: 'copy', x, y, fill: 0 });
  const isFree = (id: PlanId) => values.get(id)!.role === 'temp' && !fixed.has(id);

  /** `x` in a layout that grants the wish: its own, or that of a copy. */
  const grant = (x: View, wish: Wish, step: Step): View => {
    const v = values.get(x.value)!;
    if (isFree(v.id) && wishes.add(v, wish)) return x;
    if (fixed.has(v.id) && isTrivial(v, wish)) return x;
    const key = `${v.id}:${wish.tail}:${wish.phases}:${wish.fill ?? 0}`;
    const known = copies.get(key);
    const old = known === undefined ? undefined : wishes.of(known);
    const grown = old && merge(v, old, wish);
    if (known !== undefined && grown) {
      wishes.set(known, grown);
      return { ...x, value: known };
    }
    const { id } = fresh(v);
    copy(whole(v.id, v.shape), whole(id, v.shape), step.name);
    copies.set(key, id);
    wishes.set(id, wish);
    return { ...x, value: id };
  };

  /** Operands of an epilogue are read at the address of the result plus a constant: they must lie like it. */
  const aligned = (a: View, y: View, step: Step): View => {
    const v = values.get(a.value)!;
    if (v.data) return a;
    if (isLike(a, y)) {
      if (fixed.has(v.id) && fixed.has(y.value)) return a;
      if (isFree(v.id) && wishes.unite(v, y.value)) return a;
    }
    const twin = fresh(v, y.shape);
    const to = { ...y, value: twin.id };
    copy(a, to, step.name);
    assert(wishes.unite(twin, y.value), `a copy of value ${v.id} can't lie like value ${y.value}`);
    return to;
  };

  for (const original of plan.steps) {
    let step = original;
    if (step.form !== 'linear' && step.form !== 'window') {
      steps.push(step);
      continue;
    }
    if (step.form === 'linear') {
      if (dimSize(step.x.dims[3]) < fewPixels) step = mapViews(step, pixelsOut) as LinearStep;
      const { compact, move } = compacted(step.x, (shape) => fresh(values.get(step.y.value)!, shape));
      if (move) steps.push({ form: 'move', name: step.name, op: 'copy', fill: 0, ...move });
      step = { ...step, x: compact };
    }
    const wish = wishOf(step.x, step);
    if (wish) step = { ...step, x: grant(step.x, wish, step) };

    const y = step.y;
    const v = values.get(y.value)!;
    const tail = pixelAxes(y);
    const wanted: Wish = { ...nothing(v), tail };
    const args = step.epilogue?.args ?? [];
    const own = ownsPixels(y);
    const lies = !own
      ? false
      : isFree(v.id)
        ? tail.length === 0 || wishes.add(v, wanted)
        : isTrivial(v, wanted) &&
          args.every((a) => values.get(a.value)!.data || (fixed.has(a.value) && isLike(a, y)));
    // Where the result can't lie as the kernel writes it: write aside, then copy.
    const aside = !lies;
    const target = !aside ? y : own ? { ...y, value: fresh(v).id } : unfolded(y, (shape) => fresh(v, shape));
    if (aside) wishes.set(target.value, own ? wanted : { ...nothing(target), tail: pixelAxes(target) });
    const epilogue = step.epilogue && {
      ...step.epilogue,
      args: args.map((a) => aligned(a, target, original)),
    };
    steps.push({ ...step, y: target, epilogue } as Step);
    if (aside) copy(target, y, step.name);
  }

  const staged = { ...plan, values, steps };
  return { plan: staged, layouts: layoutsOf(staged, fixed, wishes) };
}

/** True where both views walk their values in the same way, and the values have one shape. */
const isLike = (a: View, y: View) =>
  String(a.shape) === String(y.shape) && sameView({ ...a, value: y.value }, y);

/** Values whose layout is row-major, whatever anybody wishes. */
function fixedValues(plan: Plan): Set<PlanId> {
  const fixed = new Set<PlanId>();
  for (const v of plan.values.values()) if (v.role !== 'temp') fixed.add(v.id);
  const visit = (s: Step) => {
    if (s.form !== 'scan' && s.form !== 'call') return;
    for (const v of [...reads(s), ...writes(s)]) fixed.add(v.value);
  };
  plan.steps.forEach(visit);
  return fixed;
}

const nothing = (v: { shape: readonly number[] }): Wish => ({
  tail: [],
  phases: v.shape.map(() => 1),
  before: v.shape.map(() => 0),
  after: v.shape.map(() => 0),
  fill: undefined,
});

/** True where a row-major value without margins grants the wish. */
const isTrivial = (v: PlanValue, w: Wish) =>
  [...w.before, ...w.after].every((n) => n === 0) &&
  w.phases.every((p) => p === 1) &&
  isNaturalOrder(v.shape, w.tail);

/** True where the axes of `tail` are innermost in row-major order already, axes of size 1 apart. */
function isNaturalOrder(shape: Shape, tail: readonly number[]): boolean {
  const real = (axes: readonly number[]) => axes.filter((a) => shape[a] > 1);
  return String(real(orderOf({ shape, tail }))) === String(real([...shape.keys()]));
}

function merge(v: PlanValue, a: Wish | undefined, b: Wish): Wish | undefined {
  if (!a) return b.phases.some((p) => p > 1) && v.role === 'temp' ? undefined : b;
  const padded = (w: Wish) => [...w.before, ...w.after].some((n) => n > 0);
  const tail = mergeTails(v.shape, a.tail, b.tail);
  if (!tail || String(a.phases) !== String(b.phases)) return undefined;
  if (padded(a) && padded(b) && a.fill !== b.fill) return undefined;
  return {
    tail,
    phases: a.phases,
    before: a.before.map((n, i) => Math.max(n, b.before[i])),
    after: a.after.map((n, i) => Math.max(n, b.after[i])),
    fill: padded(a) ? a.fill : b.fill,
  };
}

/** The longer of two tails, if both can be had. */
function mergeTails(shape: Shape, a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const real = (axes: readonly number[]) => axes.filter((x) => shape[x] > 1);
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const order = real(orderOf({ shape, tail: long }));
  const wanted = real(short);
  return wanted.every((axis, i) => order[order.length - wanted.length + i] === axis) ? long : undefined;
}

/** The axes along which the pixels of a view run, outermost first. */
function pixelAxes(view: View): number[] {
  const axes = view.dims.at(-1)!.flatMap((f) => (f.axis >= 0 && f.size > 1 ? [f.axis] : []));
  return axes.filter((a, i) => axes.lastIndexOf(a) === i);
}

/**
 * True where pixels have axes of their own and take all of their places: else (channels last, flattened, every second pixel of a
 * transposed convolution) no layout makes them neighbours.
 */
function ownsPixels(y: View): boolean {
  const pixels = new Set(pixelAxes(y));
  const dense = y.dims.at(-1)!.every((f) => f.size === 1 || f.step === 1);
  return dense && y.dims.slice(0, -1).every((dim) => dim.every((f) => !pixels.has(f.axis)));
}

/** The same view of a new value, which has an axis for each factor. */
function unfolded(y: View, fresh: (shape: Shape) => PlanValue): View {
  const shape = y.dims.flat().map((f) => f.size);
  let axis = 0;
  return {
    value: fresh(shape).id,
    shape,
    origin: shape.map(() => 0),
    dims: y.dims.map((dim) => dim.map(({ size }) => ({ size, axis: axis++, step: 1 }))),
  };
}

function wishOf(x: View, step: Step): Wish | undefined {
  const tail = pixelAxes(x);
  const padded = readsPadding(x);
  if (tail.length === 0 && !padded) return undefined;
  if (step.form === 'window' && step.reduce === 'mean' && padded) return undefined;
  if (step.form === 'window' && tail.length === 2 && padsItself(step, tail[0], tail[1]))
    return { ...nothing(x), tail };
  const padding = paddingOf(x);
  const wish: Wish = {
    tail,
    phases: x.shape.map(() => 1),
    before: padding.map(([before]) => before),
    after: padding.map(([, behind]) => behind),
    fill: !padded
      ? undefined
      : step.form === 'window' && step.reduce === 'max'
        ? Number.NEGATIVE_INFINITY
        : 0,
  };
  if (step.form !== 'linear') return wish;
  const phases = [...wish.phases];
  for (const f of x.dims.at(-1)!) if (f.axis >= 0) phases[f.axis] = Math.abs(f.step);
  const phased = { ...wish, phases };
  // Kernels want a distinct place for each column, and calls at even distances.
  const places = new Set(offsetsOf(makeLayout({ shape: x.shape, ...phased }), x, 2));
  const [o, g, , p] = x.dims;
  const even = [...o, ...g, ...p].every((f) => f.axis < 0 || f.step % phases[f.axis] === 0);
  return even && places.size === dimSize(x.dims[2]) ? phased : wish;
}

/** [o, g, k, p] → [o·p, g, k, 1]. */
function pixelsOut(view: View): View {
  const [o, g, k, p] = view.dims;
  return { ...view, dims: [[...o, ...p], g, k, []] };
}

/**
 * A strided walk whose axis no tap visits (a 1×1 convolution of stride 2) needs its positions only: they are copied into a
 * value of their own.
 */
function compacted(
  x: View,
  fresh: (shape: readonly number[]) => PlanValue,
): { compact: View; move?: { x: View; y: View } } {
  const all = x.dims.flat();
  const strided = x.dims[3].filter(
    (f) => f.axis >= 0 && f.step > 1 && all.filter((g) => g.axis === f.axis).length === 1,
  );
  if (strided.length === 0 || readsPadding(x)) return { compact: x };
  const shape = [...x.shape];
  const origin = [...x.origin];
  const from: Factor[][] = x.shape.map((size, axis) => [{ size, axis, step: 1 }]);
  const start = x.shape.map(() => 0);
  for (const f of strided) {
    shape[f.axis] = f.size;
    from[f.axis] = [f];
    start[f.axis] = x.origin[f.axis];
    origin[f.axis] = 0;
  }
  const value = fresh(shape);
  const dims = x.dims.map((dim) => dim.map((f) => (strided.includes(f) ? { ...f, step: 1 } : f)));
  return {
    compact: { value: value.id, shape, origin, dims },
    move: { x: { value: x.value, shape: x.shape, origin: start, dims: from }, y: whole(value.id, shape) },
  };
}

function layoutsOf(plan: Plan, fixed: ReadonlySet<PlanId>, wishes: Wishes): Map<PlanId, Layout> {
  const requests = new Map<PlanId, LayoutRequest>();
  for (const v of plan.values.values()) requests.set(v.id, { shape: v.shape, ...wishes.of(v.id) });
  const free = (id: PlanId) => !fixed.has(id) && plan.values.get(id)!.role === 'temp';

  const rows = new Classes();
  for (const group of wishes.alike.groups()) for (const id of group) rows.join(group[0], id);
  for (const s of plan.steps) {
    if (s.form !== 'linear' && s.form !== 'window') continue;
    if (free(s.x.value) && free(s.y.value) && sharesRows(s, requests.get(s.x.value)!)) {
      rows.join(s.x.value, s.y.value);
    }
  }
  // A dense layer may sweep across gaps between rows: they must hold numbers.
  const swept = new Set<PlanId>();
  for (const s of plan.steps) if (s.form === 'linear' && dimSize(s.x.dims[3]) === 1) swept.add(s.x.value);

  const pitch = new Map<PlanId, number>();
  for (const group of rows.groups()) {
    const widest = Math.max(...group.map((id) => rowPitch(requests.get(id)!)));
    for (const id of group) pitch.set(id, widest);
  }
  const layouts = new Map<PlanId, Layout>();
  for (const [id, r] of requests) {
    if (fixed.has(id)) {
      layouts.set(id, plainLayout(r.shape));
      continue;
    }
    const own = rowPitch(r);
    const wide = pitch.get(id) ?? own;
    const gaps = wide > own || [...(r.before ?? []), ...(r.after ?? [])].some((n) => n > 0);
    const fill = r.fill ?? (gaps && swept.has(id) ? 0 : undefined);
    layouts.set(id, makeLayout({ ...r, pitch: wide, fill }));
  }
  return layouts;
}

/**
 * Rows of equal pitch on both sides make all pixels of a plane one run. It pays where few pixels of the run fall between
 * rows, or where rows are much narrower than the tiles of sparse kernels.
 */
function sharesRows({ form, x, y }: LinearStep | WindowStep, from: LayoutRequest): boolean {
  const [xp, yp] = [x.dims.at(-1)!, y.dims.at(-1)!];
  if (xp.length !== 2 || yp.length !== 2) return false;
  if (xp.some((f) => f.axis < 0 || f.step !== (from.phases?.[f.axis] ?? 1))) return false;
  const [lines, width] = yp.map((f) => f.size);
  const pitch = rowPitch(from);
  return width >= 0.75 * pitch || (form === 'linear' && runPays(lines, width, pitch));
}

function rowPitch(r: LayoutRequest): number {
  const a = orderOf(r).at(-1);
  if (a === undefined) return 1;
  const before = r.before?.[a] ?? 0;
  const after = r.after?.[a] ?? 0;
  const s = r.phases?.[a] ?? 1;
  return s > 1 ? Math.ceil((r.shape[a] + before + after) / s) : r.shape[a] + Math.max(before, after);
}

/** What readers and writers want of each value; values that must lie alike share their wishes. */
class Wishes {
  readonly alike = new Classes();
  readonly #wishes = new Map<PlanId, Wish>();

  of(id: PlanId): Wish | undefined {
    return this.#wishes.get(this.alike.root(id));
  }

  set(id: PlanId, wish: Wish): void {
    this.#wishes.set(this.alike.root(id), wish);
  }

  /** False where the wish can't be granted beside the others. */
  add(v: PlanValue, wish: Wish): boolean {
    const merged = merge(v, this.of(v.id), wish);
    if (!merged || !isEven(v, merged)) return false;
    this.set(v.id, merged);
    return true;
  }

  /** Both values lie alike from now on; false where their wishes can't both be granted. */
  unite(v: PlanValue, other: PlanId): boolean {
    const [a, b] = [this.of(v.id), this.of(other)];
    const both = a && b ? merge(v, a, b) : (a ?? b);
    if (a && b && !(both && isEven(v, both))) return false;
    this.alike.join(v.id, other);
    if (both) this.set(other, both);
    return true;
  }
}

const isEven = (v: PlanValue, w: Wish) =>
  hasEvenGaps({ ...w, order: orderOf({ shape: v.shape, tail: w.tail }) });

/** Union-find over values. */
class Classes {
  readonly #parent = new Map<PlanId, PlanId>();

  root(id: PlanId): PlanId {
    let at = id;
    while (this.#parent.has(at) && this.#parent.get(at) !== at) at = this.#parent.get(at)!;
    this.#parent.set(id, at);
    return at;
  }

  join(a: PlanId, b: PlanId): void {
    this.#parent.set(this.root(a), this.root(b));
  }

  groups(): PlanId[][] {
    const out = new Map<PlanId, PlanId[]>();
    for (const id of this.#parent.keys()) {
      const root = this.root(id);
      const list = out.get(root);
      if (list) list.push(id);
      else out.set(root, [id]);
    }
    return [...out.values()];
  }
}
