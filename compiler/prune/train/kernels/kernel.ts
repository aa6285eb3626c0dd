/** What a kernel of ours is, and how it reaches the memory of the wasm backend. */

import type { DataType, Tensor, TensorInfo } from '@tensorflow/tfjs';
import type { Tf } from '../backend.ts';

export type Inputs = Record<string, Tensor>;
// biome-ignore lint/suspicious/noExplicitAny: the attributes of a kernel are typed by its name only
export type Attrs = any;
export type Kernel = (tf: Tf, inputs: Inputs, attrs: Attrs) => Tensor;

/** The part of the wasm backend that kernels need: outputs, and tensors as they lie in its heap. */
interface Heap {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
}

/**
 * A float32 tensor filled by `write(out, ...inputs)` straight in the backend's heap. The views hold until the next
 * allocation there: `write` must not call a tfjs operator. `out` holds rubbish at first.
 */
export function fill(
  tf: Tf,
  shape: number[],
  inputs: Tensor[],
  write: (out: Float32Array, ...inputs: Float32Array[]) => void,
): Tensor {
  const heap = tf.backend() as unknown as Heap;
  const out = makeOutput(tf, shape);
  write(heap.typedArrayFromHeap(out), ...inputs.map((t) => heap.typedArrayFromHeap(t)));
  return out;
}

/** A float32 tensor of rubbish, for those who write into the heap by themselves. */
export function makeOutput(tf: Tf, shape: number[]): Tensor {
  const heap = tf.backend() as unknown as Heap;
  return tf.engine().makeTensorFromTensorInfo(heap.makeOutput(shape, 'float32'));
}
