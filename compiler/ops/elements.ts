/** For references: tensors as functions of an index. Slow and obvious. */
import { allocate, type DType, rowMajor, type Shape, sizeOf, type Tensor } from '../ir/tensor.ts';

/** The tensor whose element at `index` is `f(index)`. The index array is reused. */
export function tabulate(dtype: DType, shape: Shape, f: (index: readonly number[]) => number): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = f(index);
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0;
  }
  return { dtype, shape, data };
}

/** Element of `t` at an index that lies inside. */
export function elements(t: Tensor): (index: readonly number[]) => number {
  const strides = rowMajor(t.shape);
  return (index) => {
    let at = 0;
    for (let d = 0; d < strides.length; d++) at += index[d] * strides[d];
    return t.data[at];
  };
}

/** Every index of `shape`, in row-major order. */
export function* indices(shape: Shape): Generator<number[]> {
  const total = sizeOf(shape);
  const strides = rowMajor(shape);
  for (let i = 0; i < total; i++) yield shape.map((d, a) => Math.floor(i / strides[a]) % d);
}
