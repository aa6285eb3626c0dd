/**
 * Distillation of inner layers: what each makes of a batch is drawn to what the dense network makes there, beside the answers
 * (Romero et al. 2015, without a regressor, for the shapes are the same; normalised by layer as in Frantar & Alistarh 2022, A.7).
 */
import type { Scalar } from '@tensorflow/tfjs';
import type { ValueId } from '../../ir/graph.ts';
import type { TfTensor } from '../../ops/define.ts';
import type { TfGraph } from '../graph-tf.ts';
import type { Tf } from './backend.ts';
import type { Batch } from './data.ts';
import { type Loss, lossOf } from './loss.ts';

/** The loss of the answers and, `share` times, the mean over `features` of ‖student − teacher‖² / ‖teacher‖² on the batch. */
export function featureObjective(
  tf: Tf,
  student: TfGraph,
  teacher: TfGraph,
  features: readonly ValueId[],
  loss: Loss,
  share: number,
): (batch: Batch) => Scalar {
  return (batch) => {
    const wanted = teacher.run(batch.x, features);
    const got = student.run(batch.x, features);
    const answers = lossOf(tf, loss, got.answers, { ...batch, teacher: wanted.answers });
    if (features.length === 0) return answers;
    const apart = got.values.map((t, i) => distance(tf, t, wanted.values[i]));
    return tf.add(answers, tf.mul(tf.addN(apart), share / features.length));
  };
}

const distance = (tf: Tf, a: TfTensor, b: TfTensor): Scalar =>
  tf.div(tf.sum(tf.squaredDifference(a, b)), tf.add(tf.sum(tf.square(b)), 1e-12));
