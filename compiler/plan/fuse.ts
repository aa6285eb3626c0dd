/**
 * Fusion, once, on the plan. Two rewrites, repeated until neither applies:
 *
 *   a = f(…); y = a            →  y = f(…)               copies of whole temporaries (outputs, concatenations)
 *   a = f(…); y = g(a, b…)     →  y = f(…) then g(·, b…)  pointwise expressions join their producer
 *
 * Neither fires on a temporary with another reader, on what scans carry, nor where views don't align.
 */
import { type Expr, e, sizeOfExpr, substitute } from './expr.ts';
import {
  type Epilogue,
  type MoveStep,
  type Plan,
  type PlanValue,
  type PointwiseStep,
  parameters,
  reads,
  type Step,
  writes,
} from './forms.ts';
import { aligns } from './nest.ts';
import {
  isBroadcast,
  isIdentity,
  type PlanId,
  readsPadding,
  sameView,
  through,
  type View,
  viewShape,
  whole,
} from './view.ts';

/** Kernels take two epilogue operands at most. */
export const maxOperands = 2;
/** Expressions are trees: what is used twice is written twice, so chains may not grow without end. */
const maxExpr = 100;

export function fuse(given: Plan): Plan {
  const plan = padsApart(given);
  const state = new Set<PlanId>(plan.state.map((s) => s.value));
  const steps = plan.steps.map((s) => inlineScalars(s, plan));
  return prune({ ...plan, steps: fuseAll(plan, fuseBodies(plan, steps), state) });
}

/** What arithmetic reads beyond the edges of a value is copied out first: loops with a question at every element are slow. */
function padsApart(plan: Plan): Plan {
  const values = new Map(plan.values);
  const steps = plan.steps.flatMap((step): Step[] => {
    if (step.form !== 'pointwise' || !step.args.some(readsPadding)) return [step];
    const shape = viewShape(step.y);
    const moves: MoveStep[] = [];
    const args = step.args.map((x) => {
      if (!readsPadding(x)) return x;
      const { name, dtype } = values.get(x.value)!;
      const id = Math.max(...values.keys()) + 1;
      values.set(id, { id, name, dtype, shape, role: 'temp' });
      const y = whole(id, shape);
      moves.push({ form: 'move', name: step.name, op: 'pad', x, y, fill: 0 });
      return y;
    });
    return [...moves, { ...step, args }];
  });
  return { ...plan, values, steps };
}

function fuseAll(plan: Plan, steps: readonly Step[], frozen: ReadonlySet<PlanId>): readonly Step[] {
  for (let now = steps; ; ) {
    const next = fuseOnce(plan, now, frozen);
    if (!next) return now;
    now = next;
  }
}

/** Inside a body, values that live from one iteration to the next or are seen outside stay as they are. */
function fuseBodies(plan: Plan, steps: readonly Step[]): readonly Step[] {
  return steps.map((scan, at) => {
    if (scan.form !== 'scan') return scan;
    const frozen = new Set<PlanId>([...plan.state, ...scan.moving].map((s) => s.value));
    const outside = steps.filter((_, i) => i !== at);
    for (const v of outside.flatMap((s) => [...reads(s), ...writes(s)])) frozen.add(v.value);
    const written = new Set<PlanId>();
    for (const s of scan.body) {
      for (const v of reads(s)) if (!written.has(v.value)) frozen.add(v.value);
      for (const v of writes(s)) written.add(v.value);
    }
    return { ...scan, body: fuseAll(plan, fuseBodies(plan, scan.body), frozen) };
  });
}

function fuseOnce(
  plan: Plan,
  steps: readonly Step[],
  frozen: ReadonlySet<PlanId>,
): readonly Step[] | undefined {
  const uses = census(steps, frozen);
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step.form === 'move') {
      const next = elideCopy(plan, steps, step, uses);
      if (next) return next;
    }
    if (step.form === 'pointwise') {
      const next = joinProducer(plan, steps, i, uses);
      if (next) return next;
    }
  }
  return undefined;
}

interface Uses {
  readonly writers: ReadonlyMap<PlanId, readonly Step[]>;
  readonly readers: ReadonlyMap<PlanId, readonly Step[]>;
  /** Values that can't be replaced: state, and all that scans and routines touch. */
  readonly frozen: ReadonlySet<PlanId>;
}

function census(steps: readonly Step[], kept: ReadonlySet<PlanId>): Uses {
  const writers = new Map<PlanId, Step[]>();
  const readers = new Map<PlanId, Step[]>();
  const frozen = new Set<PlanId>(kept);
  const push = (map: Map<PlanId, Step[]>, id: PlanId, step: Step) => {
    const list = map.get(id);
    if (!list) map.set(id, [step]);
    else if (list.at(-1) !== step) list.push(step);
  };
  for (const s of steps) {
    for (const v of writes(s)) push(writers, v.value, s);
    for (const v of reads(s)) push(readers, v.value, s);
    if (s.form === 'scan' || s.form === 'call')
      for (const v of [...reads(s), ...writes(s)]) frozen.add(v.value);
  }
  return { writers, readers, frozen };
}

/** The temporary behind `x` becomes the destination itself: all its views are re-expressed there. */
function elideCopy(
  plan: Plan,
  steps: readonly Step[],
  move: MoveStep,
  uses: Uses,
): readonly Step[] | undefined {
  const from = move.x;
  const value = plan.values.get(from.value)!;
  if (value.role !== 'temp' || uses.frozen.has(value.id) || uses.frozen.has(move.y.value)) return undefined;
  if (value.dtype !== plan.values.get(move.y.value)!.dtype) return undefined;
  const all = isIdentity({ ...move.y, dims: [move.y.dims.flat()] });
  const moved = (view: View): View | undefined => {
    if (view.value !== value.id) return view;
    if (readsPadding(view) && !all) return undefined;
    return through(view, from, move.y);
  };
  const out: Step[] = [];
  for (const s of steps) {
    if (s === move) continue;
    const next = mapViews(s, moved);
    if (!next || (touches(s, value.id) && !canRun(plan, next))) return undefined;
    out.push(next);
  }
  return out;
}

/** The pointwise step at `at` becomes the epilogue (or the outer expression) of what makes one of its arguments. */
function joinProducer(
  plan: Plan,
  steps: readonly Step[],
  at: number,
  uses: Uses,
): readonly Step[] | undefined {
  const step = steps[at] as PointwiseStep;
  const candidates = step.args
    .map((view, index) => ({ view, index, producer: uses.writers.get(view.value) ?? [] }))
    .filter(({ producer }) => producer.length === 1)
    .sort((a, b) => steps.indexOf(b.producer[0]) - steps.indexOf(a.producer[0]));
  for (const { view, producer } of candidates) {
    const value = plan.values.get(view.value)!;
    const [p] = producer;
    if (value.role !== 'temp' || uses.frozen.has(value.id)) continue;
    if (changesInputs(p, steps.slice(steps.indexOf(p) + 1, at))) continue;
    const readers = uses.readers.get(value.id) ?? [];
    if (readers.length !== 1 || step.args.some((a) => a.value === value.id && !sameView(a, view))) continue;
    if (step.args.some((a) => readsPadding(a))) continue;
    const joined = join(plan, p, step, view);
    if (joined) return steps.flatMap((s, i) => (s === p ? [] : i === at ? [joined] : [s]));
  }
  return undefined;
}

/** True where `p` would read something else if it ran behind `between`. */
function changesInputs(p: Step, between: readonly Step[]): boolean {
  const needed = new Set(reads(p).map((v) => v.value));
  return between.some((s) => writes(s).some((v) => needed.has(v.value)));
}

function join(plan: Plan, p: Step, step: PointwiseStep, view: View): Step | undefined {
  if (p.form === 'move' || p.form === 'scan' || p.form === 'call') return undefined;
  // What a step reads it may still need when it writes its first result.
  if (reads(p).some((v) => v.value === step.y.value)) return undefined;
  const y = through(p.y, view, step.y);
  if (!y) return undefined;
  const operands: View[] = [];
  const before: readonly View[] = p.form === 'pointwise' ? p.args : (p.epilogue?.args ?? []);
  const inner: Expr = p.form === 'pointwise' ? p.expr : (p.epilogue?.expr ?? e.arg(0, accumulator(p)));
  const shift = p.form === 'pointwise' ? 0 : 1;
  const slots = new Map<number, Expr>();
  for (let i = 0; i < step.args.length; i++) {
    if (sameView(step.args[i], view)) {
      slots.set(i, inner);
      continue;
    }
    const operand = through(p.y, view, step.args[i]);
    if (!operand) return undefined;
    const type = plan.values.get(operand.value)!.dtype === 'float32' ? 'f32' : 'i32';
    let k = [...before, ...operands].findIndex((v) => sameView(v, operand));
    if (k < 0) {
      k = before.length + operands.length;
      operands.push(operand);
    }
    slots.set(i, e.arg(k + shift, type));
  }
  const expr = substitute(step.expr, (i) => slots.get(i)!);
  if (sizeOfExpr(expr) > maxExpr) return undefined;
  const args = [...before, ...operands];
  const label = { name: p.name, op: p.op };
  if (p.form === 'pointwise') {
    const joined: Step = { ...p, ...label, args, expr, y };
    return canRun(plan, joined) ? joined : undefined;
  }
  if (expr.type !== 'f32' || accumulator(p) !== 'f32') return undefined;
  const epilogue: Epilogue = { expr, args };
  const joined: Step = { ...p, ...label, y, epilogue };
  return args.length <= (p.form === 'reduce' ? 0 : maxOperands) && canRun(plan, joined) ? joined : undefined;
}

const touches = (step: Step, id: PlanId) => [...reads(step), ...writes(step)].some((v) => v.value === id);

/** True where loops can walk all views of the step together, and kernels can read its operands. */
function canRun(plan: Plan, step: Step): boolean {
  const dims = [...step.y.dims.keys()];
  switch (step.form) {
    case 'linear': {
      const args = step.epilogue?.args ?? [];
      return (
        readable(plan, args, step.y) &&
        aligns([step.x, step.y, ...args], [0, 1, 3]) &&
        aligns([step.y, ...args], [2])
      );
    }
    case 'window':
      return readable(plan, step.epilogue?.args ?? [], step.y) && aligns([step.x, step.y], [0, 1]);
    case 'reduce':
      return aligns([step.x, step.y], [0]);
    case 'pointwise':
      return aligns([step.y, ...step.args], dims);
    case 'move':
      return aligns([step.y, step.x], dims);
    case 'scan':
      return step.body.every((s) => canRun(plan, s));
    case 'call':
      return true;
  }
}

const readable = (plan: Plan, args: readonly View[], y: View) =>
  args.every((v) => isOperand(plan.values.get(v.value)!, v, y));

const accumulator = (p: Step) => (p.form === 'reduce' && p.fn.startsWith('arg') ? 'i32' : 'f32');

/**
 * What a kernel can read beside its result: a constant that depends on the row alone, or a temporary laid out like y.
 */
function isOperand(v: PlanValue, view: View, y: View): boolean {
  if (v.dtype !== 'float32') return false;
  if (v.data) return isBroadcast(view.dims[0]) && isBroadcast(view.dims.at(-1)!);
  return v.role === 'temp' && String(v.shape) === String(y.shape) && sameView({ ...view, value: y.value }, y);
}

/** Arguments that are single constant numbers become part of the expression. */
function inlineScalars(step: Step, plan: Plan): Step {
  if (step.form === 'scan') return { ...step, body: step.body.map((s) => inlineScalars(s, plan)) };
  if (step.form !== 'pointwise') return step;
  const args: View[] = [];
  const slots = step.args.map((view) => {
    const v = plan.values.get(view.value)!;
    const type = v.dtype === 'float32' ? 'f32' : 'i32';
    if (v.data && v.data.length === 1 && !readsPadding(view)) {
      return type === 'f32' ? e.f32(v.data[0]) : e.i32(v.data[0]);
    }
    args.push(view);
    return e.arg(args.length - 1, type);
  });
  return { ...step, args, expr: substitute(step.expr, (i) => slots[i]) };
}

/** `step` with every view replaced; `undefined` if `f` refuses one. */
export function mapViews(step: Step, f: (view: View) => View | undefined): Step | undefined {
  let failed = false;
  const map = (view: View): View => {
    const next = f(view);
    if (!next) failed = true;
    return next ?? view;
  };
  const go = (s: Step): Step => {
    switch (s.form) {
      case 'linear':
      case 'window':
      case 'reduce': {
        const epilogue = s.epilogue && { ...s.epilogue, args: s.epilogue.args.map(map) };
        return { ...s, x: map(s.x), y: map(s.y), epilogue } as Step;
      }
      case 'pointwise':
        return { ...s, args: s.args.map(map), y: map(s.y) };
      case 'call':
        return { ...s, args: s.args.map(map), y: map(s.y), more: s.more?.map(map) };
      case 'move':
        return { ...s, x: map(s.x), y: map(s.y) };
      case 'scan':
        return { ...s, y: map(s.y), body: s.body.map(go) };
    }
  };
  const next = go(step);
  return failed ? undefined : next;
}

/** Drops steps whose results nobody reads, and values that no step names. */
export function prune(plan: Plan): Plan {
  const live = new Set<PlanId>([...plan.outputs, ...plan.inputs, ...plan.state].map((p) => p.value));
  for (const s of plan.state) live.add(s.initial);
  const kept: Step[] = [];
  for (const s of [...plan.steps].reverse()) {
    if (!writes(s).some((v) => live.has(v.value))) continue;
    kept.push(s);
    for (const v of [...reads(s), ...writes(s)]) live.add(v.value);
    for (const id of parameters(s)) live.add(id);
  }
  const values = new Map([...plan.values].filter(([id]) => live.has(id)));
  return { ...plan, values, steps: kept.reverse() };
}
