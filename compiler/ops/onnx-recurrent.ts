/** ONNX LSTM, GRU and RNN: X [T, N, I], W [D, G·H, I], R [D, G·H, H], B [D, 2·G·H]; D directions. */
import type { Attrs, OnnxContext, OnnxReader, ValueId } from './define.ts';
import { hasInput, numbers, rankOf, reshape, transpose } from './onnx.ts';
import { type CellActivation, cellActivation } from './recurrent-activation.ts';
import { range } from './spatial.ts';

interface Kind {
  readonly op: string;
  readonly gates: number;
  /** Our gate k is ONNX gate order[k]. */
  readonly order: readonly number[];
  readonly activations: readonly string[];
  /** Inputs with initial states. */
  readonly states: readonly number[];
  /** The biases of the recurrence are an input of their own. */
  readonly twoBiases: boolean;
  attrs(c: OnnxContext): Attrs;
}

export const onnxLstm = reader({
  op: 'lstm',
  gates: 4,
  order: [0, 2, 3, 1],
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  states: [5, 6],
  twoBiases: false,
  attrs: () => ({}),
});

export const onnxGru = reader({
  op: 'gru',
  gates: 3,
  order: [0, 1, 2],
  activations: ['Sigmoid', 'Tanh'],
  states: [5],
  twoBiases: true,
  attrs: (c) => ({ resetAfter: c.config.bool('linear_before_reset', false) }),
});

export const onnxRnn = reader({
  op: 'simpleRnn',
  gates: 1,
  order: [0],
  activations: ['Tanh'],
  states: [5],
  twoBiases: false,
  attrs: () => ({}),
});

function reader(kind: Kind): OnnxReader {
  return (c) => {
    const batchFirst = c.config.bool('layout', false);
    const x = batchFirst ? transpose(c, c.input(0), [1, 0, 2]) : c.input(0);
    if (rankOf(c, x) !== 3 || rankOf(c, c.input(1)) !== 3 || rankOf(c, c.input(2)) !== 3)
      c.malformed('X, W and R must have 3 dimensions');
    const [times, n] = c.b.shape(x);
    checkVariant(c, times);
    const direction = c.config.str('direction', 'forward');
    const count = direction === 'bidirectional' ? 2 : 1;
    if (!['forward', 'reverse', 'bidirectional'].includes(direction)) c.malformed(`direction ${direction}`);
    if (c.b.shape(c.input(1))[0] !== count)
      c.malformed(`W [${c.b.shape(c.input(1))}] has not ${count} directions`);
    const hidden = c.b.shape(c.input(2))[2];
    if (c.config.int('hidden_size', hidden) !== hidden)
      c.malformed(`hidden_size is not that of R, ${hidden}`);
    const all = activations(c, kind, count);
    const runs = range(0, count).map((d) => {
      const state = (i: number) =>
        hasInput(c, i) ? pick(c, batchFirst ? transpose(c, c.input(i), [1, 0, 2]) : c.input(i), d) : null;
      const initial = kind.states.map(state);
      return c.node(
        kind.op,
        [x, rows(c, kind, 1, d), rows(c, kind, 2, d), ...biases(c, kind, d, hidden), ...initial],
        {
          reverse: direction === 'reverse' || d === 1,
          sequence: true,
          stateful: false,
          clip: c.config.float('clip', 0),
          activations: all.slice(d * kind.activations.length, (d + 1) * kind.activations.length),
          ...kind.attrs(c),
        },
      );
    });
    // [T, D, N, H] and [D, N, H]; with the batch first [N, T, D, H] and [N, D, H].
    const sequence = join(
      c,
      runs.map((r) => reshape(c, r[kind.states.length], [times, 1, n, hidden])),
      1,
    );
    const finals = kind.states.map((_, s) =>
      join(
        c,
        runs.map((r) => reshape(c, r[s], [1, n, hidden])),
        0,
      ),
    );
    if (!batchFirst) return [sequence, ...finals];
    return [transpose(c, sequence, [2, 0, 1, 3]), ...finals.map((f) => transpose(c, f, [1, 0, 2]))];
  };
}

const join = (c: OnnxContext, parts: readonly ValueId[], axis: number) =>
  parts.length === 1 ? parts[0] : c.one('concat', parts, { axis });

function checkVariant(c: OnnxContext, times: number): void {
  if (hasInput(c, 4) && numbers(c, 4).some((t) => t !== times))
    c.unsupported('sequences of different lengths');
  if (hasInput(c, 7) && numbers(c, 7).some((p) => p !== 0)) c.unsupported('peepholes');
  if (c.config.bool('input_forget', false)) c.unsupported('coupled input and forget gates');
}

/** Direction `d` of [D, …]. */
function pick(c: OnnxContext, id: ValueId, d: number): ValueId {
  const [count, ...rest] = c.b.shape(id);
  const part = count === 1 ? id : cut(c, id, [d, ...rest.map(() => 0)], [1, ...rest]);
  return reshape(c, part, rest);
}

const cut = (c: OnnxContext, id: ValueId, starts: readonly number[], sizes: readonly number[]) =>
  c.one('slice', [id], { starts, sizes, steps: starts.map(() => 1) });

/** Rows of a matrix or vector [G·H, …], gates in our order. */
function reorder(c: OnnxContext, kind: Kind, id: ValueId): ValueId {
  if (kind.order.every((g, k) => g === k)) return id;
  const [all, ...rest] = c.b.shape(id);
  const size = all / kind.gates;
  const part = (g: number) => cut(c, id, [g * size, ...rest.map(() => 0)], [size, ...rest]);
  if (!Number.isInteger(size)) c.malformed(`${all} rows are not ${kind.gates} gates`);
  return join(c, kind.order.map(part), 0);
}

const rows = (c: OnnxContext, kind: Kind, input: number, d: number) =>
  reorder(c, kind, pick(c, c.input(input), d));

function biases(c: OnnxContext, kind: Kind, d: number, hidden: number): (ValueId | null)[] {
  if (!hasInput(c, 3)) return kind.twoBiases ? [null, null] : [null];
  const both = pick(c, c.input(3), d);
  const size = kind.gates * hidden;
  if (c.b.shape(both)[0] !== 2 * size) c.malformed(`B [${c.b.shape(both)}] is not [${2 * size}]`);
  const halves = [0, 1].map((h) => reorder(c, kind, cut(c, both, [h * size], [size])));
  return kind.twoBiases ? halves : [c.one('add', halves)];
}

/** `activation_alpha` and `activation_beta` are consumed in order by the activations that have such a number. */
function activations(c: OnnxContext, kind: Kind, count: number): CellActivation[] {
  const given = c.config.raw('activations') as string[] | undefined;
  const names = given ?? range(0, count).flatMap(() => kind.activations);
  if (names.length !== count * kind.activations.length) c.malformed(`${names.length} activations`);
  const alphas = [...((c.config.raw('activation_alpha') as number[] | undefined) ?? [])];
  const betas = [...((c.config.raw('activation_beta') as number[] | undefined) ?? [])];
  return names.map((name) => {
    const plain = name.toLowerCase();
    const found = cellActivation(name);
    if (!found) return c.unsupported(`activation ${JSON.stringify(name)}`);
    const alpha = withAlpha.has(plain) ? alphas.shift() : undefined;
    const beta = withBeta.has(plain) ? betas.shift() : undefined;
    return { ...found, ...(alpha !== undefined && { alpha }), ...(beta !== undefined && { beta }) };
  });
}

const withAlpha = new Set(['affine', 'leakyrelu', 'thresholdedrelu', 'scaledtanh', 'hardsigmoid', 'elu']);
const withBeta = new Set(['affine', 'scaledtanh', 'hardsigmoid']);
