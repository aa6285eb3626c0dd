/** What training makes small. */

import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import { badData } from '../../errors.ts';
import type { Tf } from './backend.ts';
import type { Batch, TrainData } from './data.ts';

/**
 * - `ce`: cross-entropy with the labels
 * - `kd`: distillation, T² KL(teacher ‖ student) of the classes softened by T = 2 (Hinton et al. 2015)
 * - `kd+ce`: 0.7 kd + 0.3 ce
 * - `mse`: mean squared difference from the teacher
 */
export type Loss = 'ce' | 'kd' | 'kd+ce' | 'mse';

const temperature = 2;
const teacherShare = 0.7;

/** Mean over the batch; `logits` [b, classes], for `mse` [b, …]. */
export function lossOf(tf: Tf, loss: Loss, logits: Tensor, { y, teacher }: Batch): Scalar {
  switch (loss) {
    case 'ce':
      return crossEntropy(tf, logits, y!);
    case 'kd':
      return distillation(tf, logits, teacher!);
    case 'kd+ce':
      return tf.add(
        tf.mul(distillation(tf, logits, teacher!), teacherShare),
        tf.mul(crossEntropy(tf, logits, y!), 1 - teacherShare),
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

function crossEntropy(tf: Tf, logits: Tensor, y: Tensor): Scalar {
  const truth = tf.cast(tf.oneHot(y as never, logits.shape.at(-1)!), 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1)));
}

function distillation(tf: Tf, logits: Tensor, teacher: Tensor): Scalar {
  const wanted = tf.logSoftmax(tf.div(teacher, temperature) as Tensor2D);
  const got = tf.logSoftmax(tf.div(logits, temperature) as Tensor2D);
  const divergence = tf.sum(tf.mul(tf.exp(wanted), tf.sub(wanted, got)), -1);
  return tf.mul(tf.mean(divergence), temperature ** 2);
}
