/** Loss and accuracy of a network on data. */

import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from './backend.ts';
import { gather, orderedBatches, sampleCount, type TrainData } from './data.ts';
import { type Loss, lossOf } from './loss.ts';

/** Answers for a batch: x [b, …] → logits [b, classes]. `training` tells layers such as dropout and batch norm. */
export type Forward = (x: Tensor, training: boolean) => Tensor;

export interface Score {
  readonly loss: number;
  /** Share of samples whose largest output is the label's; only with labels. */
  readonly accuracy?: number;
}

export function evaluate(tf: Tf, forward: Forward, data: TrainData, loss: Loss, batch = 256): Score {
  const n = sampleCount(data);
  let sum = 0;
  let right = 0;
  for (const indices of orderedBatches(n, batch)) {
    tf.tidy(() => {
      const samples = gather(tf, data, indices);
      const logits = forward(samples.x, false);
      sum += lossOf(tf, loss, logits, samples).dataSync()[0]! * indices.length;
      if (data.y) {
        const found = tf.argMax(logits, -1).dataSync();
        indices.forEach((index, i) => {
          if (found[i] === data.y![index]) right++;
        });
      }
    });
  }
  return { loss: sum / n, ...(data.y && { accuracy: right / n }) };
}

/** Higher accuracy first, where there is one, then lower loss. */
export function isBetter(a: Score, b: Score): boolean {
  const [x, y] = [a.accuracy ?? 0, b.accuracy ?? 0];
  return x > y || (x === y && a.loss < b.loss);
}
