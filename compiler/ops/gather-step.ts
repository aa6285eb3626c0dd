/** The routine behind run-time indices. */
import { elementBytes, sizeOf } from '../ir/tensor.ts';
import { isIdentity, type View, viewShape } from '../plan/view.ts';
import type { DType, Lowering, Shape } from './define.ts';

/** The view as a call sees it: its whole value, row-major. */
export const plain = (l: Lowering, v: View): View => (isIdentity(v) ? v : l.materialize(v));

/**
 * y = data with dimension `axis` replaced by the dimensions of `indices` behind the first `batch`. Negative indices count
 * from the end; what is still outside is clamped.
 */
export function emitGather(
  l: Lowering,
  data: View,
  indices: View,
  axis: number,
  batch: number,
  out: Shape,
  dtype: DType,
): View {
  const shape = viewShape(data);
  const y = l.temp(dtype, out);
  const inner = sizeOf(shape.slice(axis + 1)) * elementBytes[dtype];
  const batches = sizeOf(shape.slice(0, batch));
  const count = sizeOf(viewShape(indices).slice(batch));
  l.emit({
    form: 'call',
    routine: 'gather',
    args: [plain(l, data), plain(l, indices)],
    y,
    params: [batches, sizeOf(shape.slice(batch, axis)), shape[axis], count, inner],
  });
  return y;
}
