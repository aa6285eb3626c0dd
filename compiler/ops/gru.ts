import { badShape } from '../errors.ts';
import { sameShape } from '../ir/tensor.ts';
import { type Expr, e } from '../plan/expr.ts';
import type { View } from '../plan/view.ts';
import { defineOp, type Lowering, type SampleInput } from './define.ts';
import { onnxGru } from './onnx-recurrent.ts';
import {
  type Cell,
  clipped,
  constantRows,
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
import { readGru } from './recurrent-layers.ts';

const cell: Cell = { gates: 3, activations: 2, initial: [5] };

/**
 * x [T, N, I], W [3H, I], R [3H, H], bias [3H]?, recurrent bias [3H]?, h₀ [N, H]? → h [N, H], (y [T, N, H]). Gates in the order
 * update Z, reset R, new N; activations f (gates), g (new):
 *
 *     n = g(Wx + Rn·(f(R)·h) + b)      or, where `resetAfter`,   g(Wx + f(R)·(Rn·h + rb) + b)
 *     h = (1 − f(Z))·n + f(Z)·h
 */
export type GruAttrs = RecurrentAttrs & { readonly resetAfter: boolean };

export default defineOp<GruAttrs>({
  kind: 'gru',
  description: 'gated recurrent unit, one direction',
  arity: [3, 6],
  infer(inputs, a, place) {
    const types = inferRecurrent(cell, inputs, a, place);
    const [, , r, , rb] = inputs;
    if (rb && !sameShape(rb.shape, [r!.shape[0]])) throw badShape(`recurrent bias [${rb.shape}]`, place);
    return types;
  },
  eval(inputs, a) {
    const [f, g] = a.activations;
    const rb = inputs[4]?.data;
    const cut = (x: number) => (a.clip > 0 ? Math.min(a.clip, Math.max(-a.clip, x)) : x);
    return evalRecurrent(cell, inputs, a, (p, [hidden], recur) => {
      const size = hidden.length;
      const bias = (k: number) => rb?.[k] ?? 0;
      const gates = recur(0, 2 * size, hidden).map((v, k) => activate(f, cut(v + p[k] + bias(k))));
      const reset = gates.slice(size);
      const from = a.resetAfter ? hidden : hidden.map((h, i) => h * reset[i]);
      return [
        recur(2 * size, 3 * size, from).map((v, i) => {
          const k = 2 * size + i;
          const past = a.resetAfter ? reset[i] * (v + bias(k)) : v + bias(k);
          return (1 - gates[i]) * activate(g, cut(p[k] + past)) + gates[i] * hidden[i];
        }),
      ];
    });
  },
  lower(l, a) {
    return lowerRecurrent(l, cell, a, (p, [hidden]) => (a.resetAfter ? after : before)(l, a, p, hidden));
  },
  macs: recurrentMacs,
  prunable: recurrentPrunable,
  tf: (tf, inputs, a) => {
    const [f, g] = a.activations;
    const cut = (x: ReturnType<typeof tf.add>) => (a.clip > 0 ? tf.clipByValue(x, -a.clip, a.clip) : x);
    const rows = tf.split(inputs[2]!, 3, 0);
    const biases = inputs[4] ? tf.split(inputs[4], 3, 0) : [0, 0, 0];
    return tfRecurrent(tf, cell, inputs, a, (p, [hidden]) => {
      const [pz, pr, pn] = tf.split(p, 3, 1);
      const recur = (k: number, h: typeof hidden) =>
        tf.add(tf.matMul(h as never, rows[k] as never, false, true), biases[k]);
      const z = activateTf(tf, f, cut(tf.add(pz, recur(0, hidden))));
      const r = activateTf(tf, f, cut(tf.add(pr, recur(1, hidden))));
      const past = a.resetAfter ? tf.mul(r, recur(2, hidden)) : recur(2, tf.mul(r, hidden));
      const n = activateTf(tf, g, cut(tf.add(pn, past)));
      return [tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, hidden))];
    });
  },
  names: { onnx: { GRU: onnxGru }, layers: { GRU: readGru } },
  samples: [
    sample('sequence', [5, 1, 4], 3, {}),
    sample('reset_after', [5, 2, 4], 3, { resetAfter: true }),
    sample('last_only_reverse', [4, 2, 3], 5, { sequence: false, reverse: true }, true),
    sample('sparse_reset_after', [3, 1, 16], 12, { resetAfter: true }, false, 0.9),
    sample('hard_clipped', [3, 1, 4], 3, {
      activations: [{ name: 'hardSigmoid' }, { name: 'relu' }],
      clip: 0.5,
    }),
    sample('stateful', [2, 1, 3], 3, { stateful: true, resetAfter: true }),
  ],
});

/** (1 − z)·n + z·h */
const blend = (z: Expr, n: Expr, h: Expr) => e.add(e.mul(e.sub(e.f32(1), z), n), e.mul(z, h));

function after(l: Lowering, a: GruAttrs, p: View, hidden: View): void {
  const [f, g] = a.activations;
  const [n, size] = hidden.shape;
  const past = l.temp('float32', [n, 3 * size]);
  emitProduct(l, hidden, past, l.constantId(2), l.has(4) ? l.constantId(4) : undefined);
  const args = [p, past].flatMap((v) => [0, 1, 2].map((k) => gate(v, size, k)));
  const act = (k: number) => activateExpr(f, clipped(e.add(e.arg(k), e.arg(3 + k)), a.clip));
  const fresh = activateExpr(g, clipped(e.add(e.arg(2), e.mul(act(1), e.arg(5))), a.clip));
  l.emit({ form: 'pointwise', args: [...args, hidden], expr: blend(act(0), fresh, e.arg(6)), y: hidden });
}

function before(l: Lowering, a: GruAttrs, p: View, hidden: View): void {
  const [f, g] = a.activations;
  const [n, size] = hidden.shape;
  const gates = l.temp('float32', [n, 2 * size]);
  const scaled = l.temp('float32', [n, size]);
  const fresh = l.temp('float32', [n, size]);
  const rows = (input: number, from: number, to: number) =>
    l.has(input) ? constantRows(l, input, from * size, to * size) : undefined;
  emitProduct(l, hidden, gates, rows(2, 0, 2)!, rows(4, 0, 2), gate(p, size, 0, 2));
  const act = activateExpr(f, clipped(e.arg(0), a.clip));
  l.emit({ form: 'pointwise', args: [gate(gates, size, 1), hidden], expr: e.mul(act, e.arg(1)), y: scaled });
  emitProduct(l, scaled, fresh, rows(2, 2, 3)!, rows(4, 2, 3), gate(p, size, 2));
  const next = blend(act, activateExpr(g, clipped(e.arg(1), a.clip)), e.arg(2));
  l.emit({ form: 'pointwise', args: [gate(gates, size, 0), fresh, hidden], expr: next, y: hidden });
}

function sample(name: string, x: number[], h: number, a: Partial<GruAttrs>, state = false, sparsity = 0) {
  const weights = (shape: number[]): SampleInput => ({ shape, constant: true, sparsity, values: 'unit' });
  const activations = ['sigmoid', 'tanh'].map((name) => ({ name }));
  return {
    name,
    inputs: [
      { shape: x },
      weights([3 * h, x[2]]),
      weights([3 * h, h]),
      weights([3 * h]),
      weights([3 * h]),
      state ? { shape: [x[1], h] } : null,
    ],
    attrs: { reverse: false, sequence: true, stateful: false, clip: 0, resetAfter: false, activations, ...a },
  };
}
