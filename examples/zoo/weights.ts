/** Seeded weights. */

import type { LayersModel, Variable } from '@tensorflow/tfjs';
import { type Random, random } from '../../compiler/ir/random.ts';
import type { Tf } from '../../compiler/prune/train/backend.ts';

/** The variables behind the weights of a model, moving statistics among them. */
export function variablesOf(model: LayersModel): Variable[] {
  return model.weights.map((w) => (w as unknown as { val: Variable }).val);
}

/**
 * Fills every weight, in the order of the model, from one seeded sequence. Kernels keep the variance of what runs through
 * them (He et al. 2015), layers named `…project` or `logits`, which no ReLU follows, with half of it; norms get statistics
 * that are not trivial.
 */
export function seedWeights(tf: Tf, model: LayersModel, seed: number): void {
  const chance = random(seed);
  model.setWeights(
    model.weights.map(({ name, shape }) => {
      const dims = shape as number[];
      const length = dims.reduce((a, b) => a * b, 1);
      return tf.tensor(Float32Array.from({ length }, draw(name, dims, chance)), dims);
    }),
  );
}

function draw(name: string, shape: number[], chance: Random): () => number {
  const [layer, role] = [name.split('/')[0]!, name.split('/').at(-1)!.replace(/_\d+$/, '')];
  const normal = (mean: number, deviation: number) => () => mean + deviation * chance.normal();
  switch (role) {
    case 'kernel':
    case 'depthwise_kernel': {
      const fanIn = shape.slice(0, role === 'kernel' ? -1 : 2).reduce((a, b) => a * b, 1);
      const gain = /(project|logits)$/.test(layer) ? 1 : 2;
      return normal(0, Math.sqrt(gain / fanIn));
    }
    case 'recurrent_kernel':
      return normal(0, Math.sqrt(1 / shape[0]!));
    case 'gamma':
      return normal(1, 0.1);
    case 'moving_variance':
      return () => Math.exp(0.2 * chance.normal());
    default:
      return normal(0, 0.1);
  }
}
