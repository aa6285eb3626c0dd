/** Interpolation as one `linear` step with constant weights per resized axis: the taps are a sparse matrix. */
import { groupView, type View } from '../plan/view.ts';
import type { Lowering } from './define.ts';
import { type Taps, tapMatrix } from './resize.ts';
import { range } from './spatial.ts';

export function lowerTaps(l: Lowering, axes: readonly (readonly Taps[])[]): View {
  const { shape } = l.inputType(0);
  const order = range(0, shape.length).filter((d) => !isSame(axes[d], shape[d]));
  // What shrinks goes first: later axes have less to do.
  order.sort((p, q) => axes[p].length / shape[p] - axes[q].length / shape[q]);
  let x = l.view(0);
  let size = [...shape];
  for (const axis of order) {
    const out = size.map((d, i) => (i === axis ? axes[axis].length : d));
    const y = l.temp('float32', out);
    const weights = l.constant({
      dtype: 'float32',
      shape: [1, out[axis], size[axis]],
      data: tapMatrix(axes[axis], size[axis]),
    });
    l.emit({ form: 'linear', x: alongAxis(x, axis), weights: weights.value, y: alongAxis(y, axis) });
    x = y;
    size = out;
  }
  return x;
}

/** [outer, groups, axis, pixels]: the dimensions before the axis are outer, those behind it pixels. */
function alongAxis(v: View, axis: number): View {
  const rank = v.dims.length;
  const [before, own, behind] = groupView(v, [range(0, axis), [axis], range(axis + 1, rank)]).dims;
  // The last axis has no pixels behind it: what lies before it takes their place.
  const dims = behind.length === 0 ? [[], [], own, before] : [before, [], own, behind];
  return { ...v, dims };
}

const isSame = (taps: readonly Taps[], size: number) =>
  taps.length === size && taps.every((list, q) => list.length === 1 && list[0][0] === q && list[0][1] === 1);
