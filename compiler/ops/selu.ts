import { e } from '../plan/expr.ts';
import type { Attrs } from './define.ts';
import { unary } from './onnx.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

/** Klambauer et al., Self-Normalizing Neural Networks, 2017. */
const standard = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

export default definePointwise<Attrs & { readonly alpha: number; readonly gamma: number }>({
  kind: 'selu',
  description: 'scaled elu: γ·x above 0, γ·α·(eˣ − 1) below',
  inputs: 1,
  value: ([x], { alpha, gamma }) => gamma * (x < 0 ? alpha * Math.expm1(x) : x),
  expr: ([x], { alpha, gamma }) =>
    e.select(
      e.binary('lt', x, e.f32(0)),
      e.mul(e.unary('expm1', x), e.f32(gamma * alpha)),
      e.mul(x, e.f32(gamma)),
    ),
  tf: (tf, [x], { alpha, gamma }) => [
    tf.add(tf.mul(tf.relu(x!), gamma), tf.mul(tf.expm1(tf.minimum(x!, 0)), gamma * alpha)),
  ],
  names: {
    onnx: {
      Selu: unary('selu', (c) => ({
        alpha: c.config.float('alpha', standard.alpha),
        gamma: c.config.float('gamma', standard.gamma),
      })),
    },
    graph: { Selu: reads('selu', 1, standard) },
    activations: { selu: (c, x) => c.one('selu', [x], standard) },
  },
  samples: unarySamples(standard),
});
