/** Products of matrices, and what is best written as one. */

import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import type { Attrs, Inputs } from './kernel.ts';

/**
 * The backend's product is fast only where neither side is transposed: transpose first. abᵀ is also (b aᵀ)ᵀ, which turns
 * the operand a and the result instead of b.
 */
export function transposedMatMul(tf: Tf, { a, b }: Inputs, attrs: Attrs): Tensor | undefined {
  const { transposeA, transposeB } = attrs;
  if (!transposeA && !transposeB) return undefined;
  const m = a.shape.at(transposeA ? -1 : -2)!;
  const k = a.shape.at(transposeA ? -2 : -1)!;
  const n = b.shape.at(transposeB ? -2 : -1)!;
  if (transposeB && !transposeA && m * (k + n) < k * n) return turn(tf, tf.matMul(b, turn(tf, a)));
  return tf.matMul(transposeA ? turn(tf, a) : a, transposeB ? turn(tf, b) : b);
}

/** Swaps the last two axes. */
function turn(tf: Tf, x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  return tf.transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** [1, …, 1, c] repeated along its outer axes: a column of ones times the row. */
export function tileRow(tf: Tf, { x }: Inputs, { reps }: Attrs): Tensor | undefined {
  const c = x.shape.at(-1)!;
  if (x.dtype !== 'float32' || x.size !== c || reps.at(-1) !== 1) return undefined;
  const rows = (reps as number[]).reduce((a, b) => a * b, 1);
  const shape = x.shape.map((size, i) => size * reps[i]);
  return tf.reshape(tf.matMul(tf.fill([rows, 1], 1), tf.reshape(x, [1, c])), shape);
}

/** Rows of x summed by their segment, the gradient of gathering: one-hot rows times x. */
export function segmentSum(tf: Tf, { x, segmentIds }: Inputs, { numSegments }: Attrs): Tensor {
  const ids = tf.cast(tf.reshape(segmentIds, [-1]), 'int32') as Tensor1D;
  const rows = tf.reshape(tf.cast(x, 'float32'), [ids.size, -1]) as Tensor2D;
  const oneHot = tf.cast(tf.oneHot(ids, numSegments), 'float32') as Tensor2D;
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
  return tf.cast(tf.reshape(tf.matMul(oneHot, rows, true), shape), x.dtype);
}
