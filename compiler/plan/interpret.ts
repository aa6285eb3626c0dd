/**
 * This is the definition of the plan. Float32 values, float64 arithmetic inside a step; no layouts, no formats, no kernels.
 */
import { assert } from '../errors.ts';
import { allocate, sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import { evaluateExpr } from './evaluate-expr.ts';
import type { Epilogue, Plan, ReduceStep, Step } from './forms.ts';
import { routines } from './routines/index.ts';
import { dimSize, type Factor, type PlanId, type View } from './view.ts';

/** Everything a run keeps: the elements of every value. `state` values live on in it. */
export type Memory = Map<PlanId, TensorData>;

export function newMemory(plan: Plan): Memory {
  const memory: Memory = new Map();
  for (const v of plan.values.values()) memory.set(v.id, v.data ?? allocate(v.dtype, sizeOf(v.shape)));
  for (const s of plan.state) memory.get(s.value)!.set(memory.get(s.initial)!);
  return memory;
}

/** Runs the plan on inputs by name; a `memory` of one's own carries state from run to run. */
export function interpret(
  plan: Plan,
  inputs: Readonly<Record<string, Tensor>>,
  memory = newMemory(plan),
): Record<string, Tensor> {
  for (const p of plan.inputs) memory.get(p.value)!.set(inputs[p.name].data);
  for (const step of plan.steps) run(step, plan, memory, new Map());
  return Object.fromEntries(
    plan.outputs.map((p) => {
      const v = plan.values.get(p.value)!;
      return [p.name, { dtype: v.dtype, shape: v.shape, data: memory.get(p.value)!.slice() }];
    }),
  );
}

/** Extra shift per value and axis, inside scans. */
type Shifts = Map<PlanId, readonly number[]>;

function run(step: Step, plan: Plan, memory: Memory, shifts: Shifts): void {
  const element = (view: View) => indexer(view, shifts.get(view.value));
  const load = (view: View) => {
    const at = element(view);
    const data = memory.get(view.value)!;
    return (index: readonly number[], fill: number) => {
      const i = at(index);
      return i < 0 ? fill : data[i];
    };
  };
  const store = (view: View) => {
    const at = element(view);
    const data = memory.get(view.value)!;
    return (index: readonly number[], value: number) => {
      const i = at(index);
      assert(i >= 0, `${step.name}: store outside value ${view.value}`);
      data[i] = value;
    };
  };
  const finish = (epilogue: Epilogue | undefined) => {
    if (!epilogue) return (value: number) => value;
    const args = epilogue.args.map(load);
    return (value: number, index: readonly number[]) =>
      evaluateExpr(epilogue.expr, [value, ...args.map((a) => a(index, 0))]);
  };

  switch (step.form) {
    case 'linear': {
      const x = load(step.x);
      const y = store(step.y);
      const end = finish(step.epilogue);
      const w = memory.get(step.weights)!;
      const bias = step.bias === undefined ? undefined : memory.get(step.bias)!;
      const columns = dimSize(step.x.dims[2]);
      const rows = dimSize(step.y.dims[2]);
      each(step.y, (i) => {
        const [o, g, r, p] = i;
        let sum = bias ? bias[g * rows + r] : 0;
        for (let k = 0; k < columns; k++) sum += w[(g * rows + r) * columns + k] * x([o, g, k, p], 0);
        y(i, end(sum, i));
      });
      return;
    }
    case 'window': {
      const x = load(step.x);
      const y = store(step.y);
      const end = finish(step.epilogue);
      const w = step.weights === undefined ? undefined : memory.get(step.weights)!;
      const bias = step.bias === undefined ? undefined : memory.get(step.bias)!;
      const taps = dimSize(step.x.dims[2]);
      each(step.y, (i) => {
        const [o, c, p] = i;
        let value = step.reduce === 'max' ? Number.NEGATIVE_INFINITY : bias ? bias[c] : 0;
        let inside = 0;
        for (let k = 0; k < taps; k++) {
          const v = x([o, c, k, p], Number.NaN);
          const out = Number.isNaN(v) && element(step.x)([o, c, k, p]) < 0;
          if (out) continue;
          inside++;
          value = step.reduce === 'max' ? Math.max(value, v) : value + v * (w ? w[c * taps + k] : 1);
        }
        y(i, end(step.reduce === 'mean' ? value / inside : value, i));
      });
      return;
    }
    case 'reduce': {
      const x = load(step.x);
      const y = store(step.y);
      const end = finish(step.epilogue);
      const n = dimSize(step.x.dims[1]);
      each(step.y, (i) => {
        const values = Array.from({ length: n }, (_, k) => {
          const v = x([i[0], k], 0);
          return step.map ? evaluateExpr(step.map, [v]) : v;
        });
        y(i, end(reduceValues(step, values), i));
      });
      return;
    }
    case 'pointwise': {
      const args = step.args.map(load);
      const y = store(step.y);
      each(step.y, (i) =>
        y(
          i,
          evaluateExpr(
            step.expr,
            args.map((a) => a(i, 0)),
          ),
        ),
      );
      return;
    }
    case 'move': {
      const x = load(step.x);
      const y = store(step.y);
      each(step.y, (i) => y(i, x(i, step.fill)));
      return;
    }
    case 'scan': {
      for (let n = 0; n < step.count; n++) {
        const t = step.reverse ? step.count - 1 - n : n;
        const inner: Shifts = new Map(shifts);
        for (const m of step.moving) {
          const shift = [...(inner.get(m.value) ?? plan.values.get(m.value)!.shape.map(() => 0))];
          shift[m.axis] += t * m.step;
          inner.set(m.value, shift);
        }
        for (const s of step.body) run(s, plan, memory, inner);
      }
      return;
    }
    case 'call': {
      const tensorOf = (view: View): Tensor => {
        const v = plan.values.get(view.value)!;
        return { dtype: v.dtype, shape: v.shape, data: memory.get(view.value)! };
      };
      const results = [step.y, ...(step.more ?? [])].map(tensorOf);
      routines[step.routine].define(step.args.map(tensorOf), results, step.params);
    }
  }
}

function reduceValues(step: ReduceStep, values: readonly number[]): number {
  const pick = (better: (a: number, b: number) => boolean) => {
    let best = 0;
    values.forEach((v, i) => {
      if (better(v, values[best]) || (step.last && v === values[best])) best = i;
    });
    return best;
  };
  switch (step.fn) {
    case 'sum':
      return values.reduce((a, b) => a + b, 0);
    case 'mean':
      return values.reduce((a, b) => a + b, 0) / values.length;
    case 'prod':
      return values.reduce((a, b) => a * b, 1);
    case 'max':
      return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    case 'min':
      return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    case 'any':
      return values.some((v) => v !== 0) ? 1 : 0;
    case 'all':
      return values.every((v) => v !== 0) ? 1 : 0;
    case 'argmax':
      return pick((a, b) => a > b);
    case 'argmin':
      return pick((a, b) => a < b);
  }
}

/** Calls `f` with every index of the view's dimensions. */
function each(view: View, f: (index: readonly number[]) => void): void {
  const sizes = view.dims.map(dimSize);
  if (sizes.includes(0)) return;
  const index = sizes.map(() => 0);
  for (;;) {
    f(index);
    let d = sizes.length - 1;
    while (d >= 0 && ++index[d] === sizes[d]) index[d--] = 0;
    if (d < 0) return;
  }
}

/** Index of the dimensions → row-major element of the value, or -1 for padding. */
function indexer(view: View, shift?: readonly number[]): (index: readonly number[]) => number {
  const origin = shift ? view.origin.map((o, a) => o + shift[a]) : view.origin;
  const walks = view.dims.map((dim: readonly Factor[]) => [...dim].reverse());
  return (index) => {
    const at = [...origin];
    for (let d = 0; d < walks.length; d++) {
      let rest = index[d];
      for (const f of walks[d]) {
        if (f.axis >= 0) at[f.axis] += f.step * (rest % f.size);
        rest = Math.floor(rest / f.size);
      }
    }
    let element = 0;
    for (let a = 0; a < at.length; a++) {
      if (at[a] < 0 || at[a] >= view.shape[a]) return -1;
      element = element * view.shape[a] + at[a];
    }
    return element;
  };
}
