/** The geometry of a `linear` step under its layouts: what a kernel is called with, and how often. */

import type { LinearStep, Plan } from './forms.ts';
import { type Layout, offsetsOf, strideOf } from './layout.ts';
import { type Loop, merge, nest, operandOf, startBytes } from './nest.ts';
import { dimSize, type PlanId } from './view.ts';

export interface LinearGeometry {
  readonly rows: number;
  readonly groups: number;
  /** Byte offset of each column's first pixel from x. */
  readonly offsets: Int32Array;
  /** Contiguous pixels per kernel call; between rows of a plane some of them belong to no pixel (gaps of y). */
  readonly pixels: number;
  /** Of these pixels, how many are neighbours in the image, and from where to where: all, where no gaps lie between. */
  readonly width: number;
  readonly pitch: number;
  /** Bytes between output rows. */
  readonly yRow: number;
  /** Bytes from group to group. */
  readonly xGroup: number;
  readonly yGroup: number;
  /** Loops around the kernel; strides of x and y in bytes. */
  readonly outer: readonly Loop[];
  /** Bytes from the start of the buffers. */
  readonly xStart: number;
  readonly yStart: number;
  /** True where the pixels are neighbours on both sides: what kernels need. */
  readonly contiguous: boolean;
}

export function linearGeometry(
  step: LinearStep,
  plan: Plan,
  layouts: ReadonlyMap<PlanId, Layout>,
): LinearGeometry {
  const x = operandOf(step.x, plan, layouts);
  const y = operandOf(step.y, plan, layouts);
  const groupLoops = nest([x, y], [1]);
  const rowLoops = nest([y], [2]);
  const outer = nest([x, y], [0]);
  const pixelLoops = nest([x, y], [3]);

  let pixels = 1;
  let width = 1;
  let pitch = 1;
  let around: Loop[] = pixelLoops;
  let contiguous = true;
  const inner = pixelLoops.at(-1);
  if (inner) {
    contiguous = inner.strides[0] === 4 && inner.strides[1] === 4;
    pixels = width = pitch = inner.size;
    around = pixelLoops.slice(0, -1);
    const next = around.at(-1);
    // Rows of equal pitch: one run over the gaps, which belong to y's buffer where the innermost axis is walked whole.
    if (contiguous && next && next.strides[0] === next.strides[1] && coversInner(step, y.layout)) {
      pitch = next.strides[1] / 4;
      pixels = (next.size - 1) * pitch + width;
      around = around.slice(0, -1);
    }
  }
  const offsets = offsetsOf(x.layout, step.x, 2).map((o) => o * 4);
  const singleRow = rowLoops.length <= 1 && groupLoops.length <= 1;
  return {
    rows: dimSize(step.y.dims[2]),
    groups: dimSize(step.y.dims[1]),
    offsets,
    pixels,
    width,
    pitch,
    yRow: rowLoops[0]?.strides[0] ?? 4,
    xGroup: groupLoops[0]?.strides[0] ?? 0,
    yGroup: groupLoops[0]?.strides[1] ?? 0,
    outer: merge([...outer, ...around]),
    xStart: startBytes(x),
    yStart: startBytes(y),
    contiguous: contiguous && singleRow,
  };
}

/** True where the innermost loop of y runs over all of its axis, so that what follows is a gap. */
function coversInner(step: LinearStep, l: Layout): boolean {
  const f = step.y.dims[3].at(-1);
  return (
    f !== undefined &&
    f.axis >= 0 &&
    strideOf(l, f) === 1 &&
    f.size === step.y.shape[f.axis] &&
    step.y.origin[f.axis] === 0
  );
}
