/** Sums over all axes but the last, as biases and norms need them. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import type { Attrs, Inputs } from './kernel.ts';

/**
 * [n, …, c] → [c]. The backend's own turns the input to sum along memory; pooling reads it as it lies. The sum is taken
 * entry by entry of the first axis, then over it, which keeps partial sums short.
 */
export function sumChannels(tf: Tf, { x }: Inputs, { axis, keepDims }: Attrs): Tensor | undefined {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const last = x.rank - 1;
  if (x.dtype !== 'float32' || x.rank < 3 || axes.length !== last || axes.includes(last)) return undefined;
  const [n, c] = [x.shape[0]!, x.shape[last]!];
  const rows = x.size / n / c;
  if (rows < 16) return undefined;
  const means = tf.avgPool(tf.reshape(x, [n, rows, 1, c]) as Tensor4D, [rows, 1], 1, 'valid');
  const sum = tf.mul(tf.sum(tf.reshape(means, [n, c]), 0), rows);
  return keepDims ? tf.reshape(sum, [...x.shape.slice(0, -1).fill(1), c]) : sum;
}

export function meanChannels(tf: Tf, inputs: Inputs, attrs: Attrs): Tensor | undefined {
  const sum = sumChannels(tf, inputs, attrs);
  return sum && tf.mul(sum, sum.size / inputs.x!.size);
}
