/**
 * Shared by the recurrent cells. x [T, N, I] is projected for all times by one `linear` step; then a `scan` runs the cell:
 *
 *     p = W·x + b      [T, N, G·H]                 once, T·N pixels
 *     for t: cell(p[t], states)                    states [N, H], read and written in place
 *
 * Inputs: x, W [G·H, I], R [G·H, H], bias [G·H]?, …, initial states [N, H]? (the last ones). Outputs: final states [N, H], then,
 * where `sequence`, the first state at every time [T, N, H], at the place of its input whatever the direction is.
 */
import { badShape, type Place, unsupported } from '../errors.ts';
import { allocate, sameShape, type Tensor, type TensorType } from '../ir/tensor.ts';
import { type Expr, e } from '../plan/expr.ts';
import { groupView, sliceView, type View } from '../plan/view.ts';
import type { Attrs, Lowering, Tf, TfTensor, Value } from './define.ts';
import { type CellActivation, checkActivations } from './recurrent-activation.ts';
import { checkConstant, checkFloat, range } from './spatial.ts';

export type RecurrentAttrs = Attrs & {
  /** Last time first. */
  readonly reverse: boolean;
  /** Also give the first state at every time. */
  readonly sequence: boolean;
  /** States live on from run to run until `reset()`, and start from constants. */
  readonly stateful: boolean;
  /** What enters an activation is cut to ±clip; 0: it isn't. */
  readonly clip: number;
  readonly activations: readonly CellActivation[];
};

/** What the cells differ in. */
export interface Cell {
  readonly gates: number;
  readonly activations: number;
  /** Inputs that hold initial states, hidden state first. */
  readonly initial: readonly number[];
}

type Maybe<T> = readonly (T | null)[];

export function inferRecurrent(
  cell: Cell,
  inputs: Maybe<Value>,
  a: RecurrentAttrs,
  place: Place,
): TensorType[] {
  const [x, w, r] = inputs.map((v) => v!);
  checkFloat(inputs, place);
  checkConstant(inputs.slice(1, cell.initial[0]), place);
  checkActivations(a.activations, cell.activations, place);
  if (x.shape.length !== 3 || x.shape[0] < 1)
    throw badShape(`input [${x.shape}] is not [time, batch, features]`, place);
  const [t, n, features] = x.shape;
  const hidden = r.shape[1] ?? 0;
  const rows = cell.gates * hidden;
  if (!sameShape(w.shape, [rows, features]) || !sameShape(r.shape, [rows, hidden])) {
    throw badShape(
      `weights [${w.shape}] and [${r.shape}] don't fit ${cell.gates} gates and input [${x.shape}]`,
      place,
    );
  }
  for (let i = 3; i < cell.initial[0]; i++) {
    const b = inputs[i];
    if (b && !sameShape(b.shape, [rows])) throw badShape(`bias [${b.shape}] is not [${rows}]`, place);
  }
  for (const i of cell.initial) {
    const s = inputs[i];
    if (s && !sameShape(s.shape, [n, hidden]))
      throw badShape(`state [${s.shape}] is not [${n},${hidden}]`, place);
    if (s && a.stateful && !s.data)
      throw unsupported('a stateful layer with an initial state computed at run time', place);
  }
  const state: TensorType = { dtype: 'float32', shape: [n, hidden] };
  const sequence: TensorType = { dtype: 'float32', shape: [t, n, hidden] };
  return [...cell.initial.map(() => state), ...(a.sequence ? [sequence] : [])];
}

export const recurrentMacs = ([x, w, r]: Maybe<TensorType>) =>
  x!.shape[0] * x!.shape[1] * w!.shape[0] * (w!.shape[1] + r!.shape[1]);

export const recurrentPrunable = () => [
  { input: 1, groups: 1 },
  { input: 2, groups: 1 },
];

/**
 * The reference. `step` gets W·x + b of one sample, its states, and `recur(rows from, to, vector)` = R·vector on some rows; it
 * returns the new states.
 */
export function evalRecurrent(
  cell: Cell,
  inputs: Maybe<Tensor>,
  a: RecurrentAttrs,
  step: (
    p: number[],
    states: number[][],
    recur: (from: number, to: number, v: number[]) => number[],
  ) => number[][],
): Tensor[] {
  const [x, w, r] = inputs.map((v) => v!);
  const bias = inputs[3];
  const [times, n, features] = x.shape;
  const hidden = r.shape[1];
  const product = (m: Tensor, row: number, v: ArrayLike<number>) => {
    let sum = 0;
    for (let k = 0; k < v.length; k++) sum += m.data[row * v.length + k] * v[k];
    return sum;
  };
  const states = cell.initial.map((i) => inputs[i]?.data.slice() ?? allocate('float32', n * hidden));
  const sequence = allocate('float32', a.sequence ? times * n * hidden : 0);
  for (const t of a.reverse ? range(0, times).reverse() : range(0, times)) {
    for (let b = 0; b < n; b++) {
      const row = x.data.subarray((t * n + b) * features, (t * n + b + 1) * features);
      const p = range(0, cell.gates * hidden).map((g) => (bias?.data[g] ?? 0) + product(w, g, row));
      const mine = states.map((s) => Array.from(s.subarray(b * hidden, (b + 1) * hidden)));
      step(p, mine, (from, to, v) => range(from, to).map((g) => product(r, g, v))).forEach(
        (s, i) => void states[i].set(s, b * hidden),
      );
      if (a.sequence) sequence.set(states[0].subarray(b * hidden, (b + 1) * hidden), (t * n + b) * hidden);
    }
  }
  const out: Tensor[] = states.map((data) => ({ dtype: 'float32', shape: [n, hidden], data }));
  return a.sequence ? [...out, { dtype: 'float32', shape: [times, n, hidden], data: sequence }] : out;
}

/** `body` emits the steps of one time; p is W·x + b now, as [N, G·H]. */
export function lowerRecurrent(
  l: Lowering,
  cell: Cell,
  a: RecurrentAttrs,
  body: (p: View, states: readonly View[]) => void,
): View[] {
  const [times, n] = l.inputType(0).shape;
  const hidden = l.inputType(2).shape[1];
  const rows = cell.gates * hidden;
  const p = l.temp('float32', [times, n, rows]);
  const columns = (v: View) => groupView(v, [[], [], [2], [0, 1]]);
  l.emit({
    form: 'linear',
    x: columns(l.view(0)),
    weights: l.constantId(1),
    bias: l.has(3) ? l.constantId(3) : undefined,
    y: columns(p),
  });
  const zeros: Tensor = { dtype: 'float32', shape: [n, hidden], data: new Float32Array(n * hidden) };
  const states = cell.initial.map((i) => {
    if (a.stateful) return l.state(l.has(i) ? l.constantOf(i)! : zeros);
    const s = l.temp('float32', [n, hidden]);
    l.emit({ form: 'move', x: l.has(i) ? l.view(i) : l.constant(zeros), y: s, fill: 0 });
    return s;
  });
  const sequence = a.sequence ? l.temp('float32', [times, n, hidden]) : undefined;
  const steps = l.collect(() => {
    body(now(p), states);
    if (sequence) l.emit({ form: 'move', x: states[0], y: now(sequence), fill: 0 });
  });
  l.emit({
    form: 'scan',
    count: times,
    reverse: a.reverse,
    moving: [p, sequence].flatMap((v) => (v ? [{ value: v.value, axis: 0, step: 1 }] : [])),
    body: steps,
    y: sequence ?? states[0],
  });
  return sequence ? [...states, sequence] : [...states];
}

/** [T, N, …] at time 0, as [N, …]: the scan moves it. */
function now(v: View): View {
  const [, ...size] = v.shape;
  const first = sliceView(
    v,
    v.shape.map(() => 0),
    [1, ...size],
    v.shape.map(() => 1),
  )!;
  return { ...first, dims: first.dims.slice(1) };
}

/** Gates `from` … `to`−1 of [N, G·H]. */
export function gate(v: View, hidden: number, from: number, to = from + 1): View {
  const [n] = v.dims;
  const cut = sliceView({ ...v, dims: [v.dims[1]] }, [from * hidden], [(to - from) * hidden], [1])!;
  return { ...cut, dims: [n, cut.dims[0]] };
}

/** y [N, R] = weights · x [N, H] + bias (+ addend [N, R]), as one step. */
export function emitProduct(
  l: Lowering,
  x: View,
  y: View,
  weights: number,
  bias: number | undefined,
  addend?: View,
): void {
  const columns = (v: View) => groupView(v, [[], [], [1], [0]]);
  const epilogue = addend && { expr: e.add(e.arg(0), e.arg(1)), args: [columns(addend)] };
  l.emit({ form: 'linear', x: columns(x), weights, bias, y: columns(y), epilogue });
}

/** Rows `from` … `to`−1 of a constant input, as a constant of its own. */
export function constantRows(l: Lowering, input: number, from: number, to: number): number {
  const t = l.constantOf(input)!;
  const [rows, ...rest] = t.shape;
  const width = t.data.length / rows;
  return l.constant({
    dtype: t.dtype,
    shape: [to - from, ...rest],
    data: t.data.slice(from * width, to * width),
  }).value;
}

export const clipped = (x: Expr, clip: number) => (clip > 0 ? e.clamp(x, -clip, clip) : x);

/** The same in tfjs. `step` gets W·x + b [N, G·H] and the states [N, H]. */
export function tfRecurrent(
  tf: Tf,
  cell: Cell,
  inputs: Maybe<TfTensor>,
  a: RecurrentAttrs,
  step: (p: TfTensor, states: TfTensor[]) => TfTensor[],
): TfTensor[] {
  const [x, w, r] = inputs.map((v) => v!);
  const [times, n, features] = x.shape as [number, number, number];
  const [rows, hidden] = r.shape as [number, number];
  const flat = tf.matMul(tf.reshape(x, [times * n, features]), w as never, false, true);
  const p = tf.unstack(tf.reshape(inputs[3] ? tf.add(flat, inputs[3]) : flat, [times, n, rows]), 0);
  let states = cell.initial.map((i) => inputs[i] ?? (tf.zeros([n, hidden]) as TfTensor));
  const seen: TfTensor[] = [];
  for (const t of a.reverse ? range(0, times).reverse() : range(0, times)) {
    states = step(p[t], states);
    seen[t] = states[0];
  }
  return a.sequence ? [...states, tf.stack(seen, 0)] : states;
}
