/** Views as plain strided loops over a row-major value, for routines that take strides. */
import { rowMajor } from '../ir/tensor.ts';
import { readsPadding, type View, whole } from '../plan/view.ts';

/**
 * The whole value and `[first element, stride per group]`, where each group of dimensions is one even walk; `undefined`
 * where one isn't, or where the view reads padding.
 */
export function strided(
  v: View,
  groups: readonly (readonly number[])[],
): { value: View; strides: number[] } | undefined {
  if (readsPadding(v)) return undefined;
  const unit = rowMajor(v.shape);
  const walks: number[] = [];
  for (const group of groups) {
    let stride = 0;
    let size = 1;
    for (const f of group
      .flatMap((d) => v.dims[d])
      .filter((f) => f.size !== 1)
      .reverse()) {
      const step = f.axis < 0 ? 0 : f.step * unit[f.axis];
      if (size === 1) stride = step;
      else if (step !== stride * size) return undefined;
      size *= f.size;
    }
    walks.push(stride);
  }
  const first = v.origin.reduce((n, o, a) => n + o * unit[a], 0);
  return { value: whole(v.value, v.shape), strides: [first, ...walks] };
}
