/**
 * TFLite's recurrent operators. Their states are variables of the model: they start at zero and live on from run to run until
 * `reset()`, as in TFLite itself. Gates are tensors of their own, [H, I] and [H, H].
 */
import { sameShape } from '../ir/tensor.ts';
import type { NodeContext, NodeReader, ValueId } from './define.ts';
import { type CellActivation, cellActivation } from './recurrent-activation.ts';
import { range } from './spatial.ts';

const has = (c: NodeContext, i: number) => (c.inputs[i] ?? null) !== null;

function activation(c: NodeContext): CellActivation {
  const name = c.config.str('fused_activation_function', 'NONE');
  if (name === 'NONE') return { name: 'linear' };
  return cellActivation(name) ?? c.unsupported(`activation ${name}`);
}

/** [T, N, I] from [N, I], from [N, T, I], or as it is; `back` gives a result [T, N, H] the dimensions of the input. */
function sequence(c: NodeContext, single: boolean): { x: ValueId; back: (y: ValueId) => ValueId } {
  const x = c.input(0);
  const shape = c.b.shape(x);
  if (shape.length !== (single ? 2 : 3)) c.malformed(`input [${shape}] has ${shape.length} dimensions`);
  if (single) {
    const steps = c.one('reshape', [x], { shape: [1, ...shape] });
    return { x: steps, back: (y) => c.one('reshape', [y], { shape: c.b.shape(y).slice(1) }) };
  }
  if (c.config.bool('time_major', false)) return { x, back: (y) => y };
  const turn = (v: ValueId) => c.one('transpose', [v], { perm: [1, 0, 2] });
  return { x: turn(x), back: turn };
}

/** A variable is a state of our own making; any other input is the state that one run starts from. */
const state = (c: NodeContext, i: number): ValueId | null => (c.variable?.(i) ? null : (c.inputs[i] ?? null));

const common = (stateful: boolean) => ({ reverse: false, sequence: true, stateful, clip: 0 });

function lstm(single: boolean): NodeReader {
  return (c) => {
    if (c.config.str('kernel_type', 'FULL') !== 'FULL') c.unsupported('the basic kernel of LSTM');
    if (!has(c, 1)) c.unsupported('coupled input and forget gates');
    if ([9, 10, 11].some((i) => has(c, i))) c.unsupported('peepholes');
    if (has(c, 16)) c.unsupported('a projection');
    if ([20, 21, 22, 23].some((i) => has(c, i))) c.unsupported('layer normalization inside the cell');
    const { x, back } = sequence(c, single);
    const joined = (from: number) =>
      c.one(
        'concat',
        range(from, from + 4).map((i) => c.input(i)),
        { axis: 0 },
      );
    const states = [state(c, 18), state(c, 19)];
    const inner = activation(c);
    const [, , y] = c.node('lstm', [x, joined(1), joined(5), has(c, 12) ? joined(12) : null, ...states], {
      ...common(states.every((s) => s === null)),
      activations: [{ name: 'sigmoid' }, inner, inner],
      cellClip: c.config.float('cell_clip', 0),
    });
    return back(y);
  };
}

function rnn(single: boolean): NodeReader {
  return (c) => {
    const { x, back } = sequence(c, single);
    const [w, r, bias] = [c.input(1), c.input(2), has(c, 3) ? c.input(3) : null];
    const [, hidden] = c.b.shape(r);
    if (!sameShape(c.b.shape(r), [hidden, hidden])) c.malformed(`recurrent weights [${c.b.shape(r)}]`);
    const start = state(c, 4);
    const [, y] = c.node('simpleRnn', [x, w, r, bias, start], {
      ...common(start === null),
      activations: [activation(c)],
    });
    return back(y);
  };
}

export const liteLstm = { LSTM: lstm(true), UNIDIRECTIONAL_SEQUENCE_LSTM: lstm(false) };
export const liteRnn = { RNN: rnn(true), UNIDIRECTIONAL_SEQUENCE_RNN: rnn(false) };
