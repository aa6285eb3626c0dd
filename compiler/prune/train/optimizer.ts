/** Steps of gradient descent on masked variables. Where a mask is 0, weight, gradient and moments are exactly 0. */

import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from './backend.ts';

export type OptimizerName = 'adam' | 'momentum' | 'sgd';
/** One number per weight, 1 for kept and 0 for pruned. */
export type Masks = ReadonlyMap<Variable, Float32Array | Tensor>;

/** Strengths of what pulls weights to zero; it pulls at variables of two or more axes, so not at biases and norms. */
export interface Decay {
  /** Decoupled: w ← w − lr · weightDecay · w. */
  readonly weightDecay: number;
  /** Added to the gradient: l1 · sign(w). */
  readonly l1: number;
  /** Added to the gradient: l2 · w. */
  readonly l2: number;
}

export interface Optimizer {
  /** One step down the gradients, which come by the name of the variable. */
  step(gradients: Record<string, Tensor>, lr: number): void;
  /** Takes new masks: weights and moments under a 0 are cleared. Variables without a mask are whole. */
  setMasks(masks: Masks): void;
  state(): OptimizerState;
  /** Goes on from a state of the same variables, bit by bit. */
  restore(state: OptimizerState): void;
  dispose(): void;
}

/** By variable, in their order. */
export interface OptimizerState {
  readonly steps: number;
  readonly moments: readonly (readonly Float32Array[])[];
  /** 1 for kept and 0 for pruned; undefined: whole. */
  readonly masks: readonly (Uint8Array | undefined)[];
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-7;

const momentsOf: Record<OptimizerName, number> = { sgd: 0, momentum: 1, adam: 2 };

export function createOptimizer(tf: Tf, name: OptimizerName, variables: Variable[], decay: Decay): Optimizer {
  const moments = new Map<Variable, Tensor[]>(
    variables.map((v) => [v, Array.from({ length: momentsOf[name] }, () => tf.keep(tf.zerosLike(v)))]),
  );
  const masks = new Map<Variable, Tensor>();
  let steps = 0;

  const masked = (v: Variable, x: Tensor): Tensor => {
    const mask = masks.get(v);
    // Adding 0 turns the −0 of a negative number times 0 into 0.
    return mask ? tf.add(tf.mul(x, mask), 0) : x;
  };
  const renew = (v: Variable, values: Tensor[]) => {
    tf.dispose(moments.get(v));
    moments.set(
      v,
      values.map((t) => tf.keep(t)),
    );
  };

  /** The direction of the step, learning rate apart. */
  const direction = (v: Variable, g: Tensor): Tensor => {
    const [m, s] = moments.get(v)!;
    if (name === 'sgd') return g;
    if (name === 'momentum') {
      renew(v, [tf.add(tf.mul(m!, beta1), g)]);
      return moments.get(v)![0]!;
    }
    const mean = tf.add(tf.mul(m!, beta1), tf.mul(g, 1 - beta1));
    const square = tf.add(tf.mul(s!, beta2), tf.mul(tf.square(g), 1 - beta2));
    renew(v, [mean, square]);
    const size = tf.sqrt(tf.div(square, 1 - beta2 ** steps));
    return tf.div(tf.div(mean, 1 - beta1 ** steps), tf.add(size, epsilon));
  };

  return {
    step(gradients, lr) {
      steps++;
      for (const v of variables) {
        if (!gradients[v.name]) continue;
        tf.tidy(() => {
          const pulled = v.rank >= 2;
          let g = gradients[v.name]!;
          if (pulled && decay.l1 > 0) g = tf.add(g, tf.mul(tf.sign(v), decay.l1));
          if (pulled && decay.l2 > 0) g = tf.add(g, tf.mul(v, decay.l2));
          const down = tf.mul(direction(v, masked(v, g)), lr);
          const kept = pulled && decay.weightDecay > 0 ? tf.mul(v, 1 - lr * decay.weightDecay) : v;
          v.assign(masked(v, tf.sub(kept, down)));
        });
      }
    },
    setMasks(next) {
      tf.dispose([...masks.values()]);
      masks.clear();
      for (const [v, mask] of next) {
        masks.set(v, tf.keep(mask instanceof Float32Array ? tf.tensor(mask, v.shape) : mask.clone()));
        tf.tidy(() => {
          v.assign(masked(v, v));
          renew(
            v,
            (moments.get(v) ?? []).map((t) => masked(v, t)),
          );
        });
      }
    },
    state: () => ({
      steps,
      moments: variables.map((v) => moments.get(v)!.map((t) => t.dataSync().slice() as Float32Array)),
      masks: variables.map((v) => {
        const mask = masks.get(v);
        return mask && Uint8Array.from(mask.dataSync());
      }),
    }),
    restore(state) {
      steps = state.steps;
      tf.dispose([...masks.values()]);
      masks.clear();
      variables.forEach((v, i) => {
        renew(
          v,
          state.moments[i]!.map((m) => tf.tensor(m, v.shape)),
        );
        const mask = state.masks[i];
        if (mask) masks.set(v, tf.keep(tf.tensor(Float32Array.from(mask), v.shape)));
      });
    },
    dispose() {
      tf.dispose([...moments.values()].flat());
      tf.dispose([...masks.values()]);
    },
  };
}
