import { type Expr, e } from '../plan/expr.ts';
import { defineOp, type SampleInput } from './define.ts';
import { onnxLstm } from './onnx-recurrent.ts';
import {
  type Cell,
  clipped,
  emitProduct,
  evalRecurrent,
  gate,
  inferRecurrent,
  lowerRecurrent,
  type RecurrentAttrs,
  recurrentMacs,
  recurrentPrunable,
  tfRecurrent,
} from './recurrent.ts';
import { activate, activateExpr, activateTf } from './recurrent-activation.ts';
import { readLstm } from './recurrent-layers.ts';
import { liteLstm } from './tflite-recurrent.ts';

/** `cellClip`: the cell state is cut to ±that; 0 or absent: it isn't. */
type LstmAttrs = RecurrentAttrs & { readonly cellClip?: number };

const cell: Cell = { gates: 4, activations: 3, initial: [4, 5] };

/**
 * x [T, N, I], W [4H, I], R [4H, H], bias [4H]?, h₀ [N, H]?, c₀ [N, H]? → h [N, H], c [N, H], (y [T, N, H]). Gates in the order
 * input, forget, cell, output; activations f (gates), g (cell), h (output):
 *
 *     c = f(F)·c + f(I)·g(C);  h = f(O)·h(c)
 */
export default defineOp<LstmAttrs>({
  kind: 'lstm',
  description: 'long short-term memory, one direction',
  arity: [3, 6],
  infer: (inputs, a, place) => inferRecurrent(cell, inputs, a, place),
  eval(inputs, a) {
    const [f, g, h] = a.activations;
    const cut = (x: number) => (a.clip > 0 ? Math.min(a.clip, Math.max(-a.clip, x)) : x);
    return evalRecurrent(cell, inputs, a, (p, [hidden, memory], recur) => {
      const size = hidden.length;
      const sum = recur(0, 4 * size, hidden).map((v, i) => cut(v + p[i]));
      const c = memory.map((m, i) => {
        const [input, forget, update] = [sum[i], sum[size + i], sum[2 * size + i]];
        const next = activate(f, forget) * m + activate(f, input) * activate(g, update);
        const limit = a.cellClip || Number.POSITIVE_INFINITY;
        return Math.min(limit, Math.max(-limit, next));
      });
      return [c.map((m, i) => activate(f, sum[3 * size + i]) * activate(h, m)), c];
    });
  },
  lower(l, a) {
    const [f, g, h] = a.activations;
    const size = l.inputType(2).shape[1];
    const n = l.inputType(0).shape[1];
    const sum = l.temp('float32', [n, 4 * size]);
    const arg = (i: number): Expr => clipped(e.arg(i), a.clip);
    return lowerRecurrent(l, cell, a, (p, [hidden, memory]) => {
      emitProduct(l, hidden, sum, l.constantId(2), undefined, p);
      const [input, forget, update, output] = [0, 1, 2, 3].map((k) => gate(sum, size, k));
      const kept = e.mul(activateExpr(f, arg(1)), e.arg(3));
      const added = e.mul(activateExpr(f, arg(0)), activateExpr(g, arg(2)));
      l.emit({
        form: 'pointwise',
        args: [input, forget, update, memory],
        expr: clipped(e.add(kept, added), a.cellClip ?? 0),
        y: memory,
      });
      const shown = e.mul(activateExpr(f, arg(0)), activateExpr(h, e.arg(1)));
      l.emit({ form: 'pointwise', args: [output, memory], expr: shown, y: hidden });
    });
  },
  macs: recurrentMacs,
  prunable: recurrentPrunable,
  tf: (tf, inputs, a) => {
    const [f, g, h] = a.activations;
    return tfRecurrent(tf, cell, inputs, a, (p, [hidden, memory]) => {
      const raw = tf.add(p, tf.matMul(hidden as never, inputs[2]! as never, false, true));
      const sum = a.clip > 0 ? tf.clipByValue(raw, -a.clip, a.clip) : raw;
      const [input, forget, update, output] = tf.split(sum, 4, 1);
      const added = tf.mul(activateTf(tf, f, input), activateTf(tf, g, update));
      const next = tf.add(tf.mul(activateTf(tf, f, forget), memory), added);
      const c = a.cellClip ? tf.clipByValue(next, -a.cellClip, a.cellClip) : next;
      return [tf.mul(activateTf(tf, f, output), activateTf(tf, h, c)), c];
    });
  },
  names: { onnx: { LSTM: onnxLstm }, layers: { LSTM: readLstm }, tflite: liteLstm },
  samples: [
    sample('sequence', [5, 1, 4], 3, {}),
    sample('batch_last_only', [4, 3, 5], 4, { sequence: false }),
    sample('reverse_with_states', [4, 2, 3], 3, { reverse: true }, true),
    sample('sparse', [3, 1, 16], 12, {}, false, 0.9),
    sample('hard_clipped', [3, 1, 4], 3, {
      activations: [{ name: 'hardSigmoid' }, { name: 'softsign' }, { name: 'relu' }],
      clip: 0.5,
    }),
    sample('stateful', [2, 1, 3], 3, { stateful: true }),
    sample('cell_clipped', [6, 1, 3], 3, { cellClip: 0.1 }),
  ],
});

function sample(name: string, x: number[], h: number, a: Partial<LstmAttrs>, states = false, sparsity = 0) {
  const weights = (shape: number[]): SampleInput => ({ shape, constant: true, sparsity, values: 'unit' });
  const state = states ? { shape: [x[1], h] } : null;
  const activations = ['sigmoid', 'tanh', 'tanh'].map((name) => ({ name }));
  return {
    name,
    inputs: [{ shape: x }, weights([4 * h, x[2]]), weights([4 * h, h]), weights([4 * h]), state, state],
    attrs: { reverse: false, sequence: true, stateful: false, clip: 0, activations, ...a },
  };
}
