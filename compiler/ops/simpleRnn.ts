import { e } from '../plan/expr.ts';
import { defineOp, type SampleInput } from './define.ts';
import { onnxRnn } from './onnx-recurrent.ts';
import {
  type Cell,
  clipped,
  emitProduct,
  evalRecurrent,
  inferRecurrent,
  lowerRecurrent,
  type RecurrentAttrs,
  recurrentMacs,
  recurrentPrunable,
  tfRecurrent,
} from './recurrent.ts';
import { activate, activateExpr, activateTf } from './recurrent-activation.ts';
import { readBidirectional, readRnn, readSimpleRnn, readTimeDistributed } from './recurrent-layers.ts';
import { liteRnn } from './tflite-recurrent.ts';

const cell: Cell = { gates: 1, activations: 1, initial: [4] };

/** x [T, N, I], W [H, I], R [H, H], bias [H]?, h₀ [N, H]? → h [N, H], (y [T, N, H]): h = f(W·x + R·h + b). */
export default defineOp<RecurrentAttrs>({
  kind: 'simpleRnn',
  description: 'Elman recurrent layer, one direction',
  arity: [3, 5],
  infer: (inputs, a, place) => inferRecurrent(cell, inputs, a, place),
  eval(inputs, a) {
    const cut = (x: number) => (a.clip > 0 ? Math.min(a.clip, Math.max(-a.clip, x)) : x);
    return evalRecurrent(cell, inputs, a, (p, [hidden], recur) => [
      recur(0, hidden.length, hidden).map((v, i) => activate(a.activations[0], cut(v + p[i]))),
    ]);
  },
  lower(l, a) {
    const next = l.temp('float32', [l.inputType(0).shape[1], l.inputType(2).shape[1]]);
    return lowerRecurrent(l, cell, a, (p, [hidden]) => {
      emitProduct(l, hidden, next, l.constantId(2), undefined, p);
      const expr = activateExpr(a.activations[0], clipped(e.arg(0), a.clip));
      l.emit({ form: 'pointwise', args: [next], expr, y: hidden });
    });
  },
  macs: recurrentMacs,
  prunable: recurrentPrunable,
  tf: (tf, inputs, a) =>
    tfRecurrent(tf, cell, inputs, a, (p, [hidden]) => {
      const sum = tf.add(p, tf.matMul(hidden as never, inputs[2]! as never, false, true));
      return [activateTf(tf, a.activations[0], a.clip > 0 ? tf.clipByValue(sum, -a.clip, a.clip) : sum)];
    }),
  names: {
    onnx: { RNN: onnxRnn },
    layers: {
      SimpleRNN: readSimpleRnn,
      RNN: readRnn,
      Bidirectional: readBidirectional,
      TimeDistributed: readTimeDistributed,
    },
    tflite: liteRnn,
  },
  samples: [
    sample('sequence', [5, 1, 4], 3, {}),
    sample('batch_reverse', [3, 2, 4], 3, { reverse: true }, true),
    sample('relu_last_only', [4, 1, 4], 6, { sequence: false, activations: [{ name: 'relu' }] }),
    sample('stateful', [2, 1, 3], 3, { stateful: true }),
  ],
});

function sample(name: string, x: number[], h: number, a: Partial<RecurrentAttrs>, state = false) {
  const weights = (shape: number[]): SampleInput => ({ shape, constant: true, values: 'unit' });
  const activations = [{ name: 'tanh' }];
  return {
    name,
    inputs: [
      { shape: x },
      weights([h, x[2]]),
      weights([h, h]),
      weights([h]),
      state ? { shape: [x[1], h] } : null,
    ],
    attrs: { reverse: false, sequence: true, stateful: false, clip: 0, activations, ...a },
  };
}
