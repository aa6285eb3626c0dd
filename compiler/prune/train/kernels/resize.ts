/** Gradient of resizing. The backend's own swaps height and width. */

import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';
import type { Attrs, Inputs } from './kernel.ts';

type Resize = Tf['image']['resizeBilinear'] | Tf['image']['resizeNearestNeighbor'];

/** y = R x Cᵀ, so dx = Rᵀ dy C. The columns of R and C are what the operator makes of unit vectors. */
export function resizeInput(tf: Tf, op: Resize, { dy, images }: Inputs, attrs: Attrs): Tensor {
  const { alignCorners, halfPixelCenters } = attrs;
  const [n, h, w, c] = images.shape as [number, number, number, number];
  const [, oh, ow] = dy.shape as [number, number, number, number];
  const matrix = (from: number, to: number) => {
    const units = tf.reshape(tf.eye(from), [1, from, 1, from]) as Tensor4D;
    return tf.reshape(op(units, [to, 1], alignCorners, halfPixelCenters), [to, from]);
  };
  const apply = (m: Tensor, x: Tensor, rows: number) =>
    tf.matMul(tf.tile(tf.expandDims(tf.transpose(m)), [rows, 1, 1]), x);
  const tall = apply(matrix(h, oh), tf.reshape(dy, [n, oh, ow * c]), n);
  return tf.reshape(apply(matrix(w, ow), tf.reshape(tall, [n * h, ow, c]), n * h), [n, h, w, c]);
}
