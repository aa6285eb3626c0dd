/** What training makes small. */

import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import { badData } from '../../errors.ts';
import type { Tf } from './backend.ts';
import type { Batch, TrainData } from './data.ts';

/**
 * - `ce`: cross-entropy with the labels
 * - `kd`: distillation, T² KL(teacher ‖ student) of the classes softened by T = 2 (Hinton et al. 2015)
 * - `kd+ce`: 0.9 kd + 0.1 ce
 * - `mse`: mean squared difference from the teacher
 */
export type Loss = 'ce' | 'kd' | 'kd+ce' | 'mse';

const temperature = 2;
const teacherShare = 0.9;

/** Mean over the batch; `logits` [b, classes], for `mse` [b, …]. */
export function lossOf(tf: Tf, loss: Loss, logits: Tensor, batch: Batch): Scalar {
  const { teacher } = batch;
  switch (loss) {
    case 'ce':
      return crossEntropy(tf, logits, batch);
    case 'kd':
      return distillation(tf, logits, teacher!);
    case 'kd+ce':
      return tf.add(
        tf.mul(distillation(tf, logits, teacher!), teacherShare),
        tf.mul(crossEntropy(tf, logits, batch), 1 - teacherShare),
      );
    case 'mse':
      return tf.mean(tf.squaredDifference(logits, tf.reshape(teacher!, logits.shape)));
  }
}

/** @throws {CompileError} E_DATA where the loss needs labels or a teacher that the data lacks. */
export function checkLoss(loss: Loss, { y, teacher }: TrainData): void {
  if (loss.includes('ce') && !y) throw badData(`the loss "${loss}" needs labels`);
  if (loss !== 'ce' && !teacher) throw badData(`the loss "${loss}" needs a teacher`);
}

function crossEntropy(tf: Tf, logits: Tensor, { y, mixed }: Batch): Scalar {
  const truthOf = (labels: Tensor) => tf.cast(tf.oneHot(labels as never, logits.shape.at(-1)!), 'float32');
  const own = truthOf(y!);
  const truth = mixed
    ? tf.add(tf.mul(own, mixed.share), tf.mul(truthOf(mixed.y), tf.sub(1, mixed.share)))
    : own;
  return tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1)));
}

function distillation(tf: Tf, logits: Tensor, teacher: Tensor): Scalar {
  const wanted = tf.logSoftmax(tf.div(teacher, temperature) as Tensor2D);
  const got = tf.logSoftmax(tf.div(logits, temperature) as Tensor2D);
  const divergence = tf.sum(tf.mul(tf.exp(wanted), tf.sub(wanted, got)), -1);
  return tf.mul(tf.mean(divergence), temperature ** 2);
}
