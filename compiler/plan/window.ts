/** Windows as kernels know them: rows and columns, from what a view walks along two axes. */
import { chooseWindow, type Padding, type WindowCase, type WindowOp } from '../kernels.ts';
import type { WindowStep } from './forms.ts';
import { dimSize, type Factor, paddingOf } from './view.ts';

export const windowOp: Record<WindowStep['reduce'], WindowOp> = { sum: 'conv', max: 'max', mean: 'mean' };

export type Geometry = Omit<WindowCase, 'op' | 'channels' | 'build'>;

/**
 * Taps and positions of the step along the axes `row` (-1: none) and `column`, rows outside columns, and how far they reach beyond the
 * value. `undefined` where they walk otherwise.
 */
export function geometryOf({ x }: WindowStep, row: number, column: number): Geometry | undefined {
  const [taps, positions] = [x.dims[2], x.dims[3]];
  if ([...taps, ...positions].some((f) => f.axis !== row && f.axis !== column)) return undefined;
  for (const list of [taps, positions]) if (list.length === 2 && list[0].axis !== row) return undefined;
  const pick = (factors: readonly Factor[], axis: number): Factor | undefined => {
    const list = factors.filter((f) => f.axis === axis);
    return list.length > 1 ? undefined : (list[0] ?? { size: 1, axis, step: 1 });
  };
  const [kh, kw] = [pick(taps, row), pick(taps, column)];
  const [oh, ow] = [pick(positions, row), pick(positions, column)];
  if (!kh || !kw || !oh || !ow || [kh, kw, oh, ow].some((f) => f.step < 1)) return undefined;
  return {
    kh: kh.size,
    kw: kw.size,
    strideY: oh.step,
    strideX: ow.step,
    dilationY: kh.step,
    dilationX: kw.step,
    outH: oh.size,
    outW: ow.size,
    ...paddingAt(x, row, column),
  };
}

function paddingAt(x: WindowStep['x'], row: number, column: number): Padding {
  const sides = paddingOf(x);
  const [[padTop, padBottom], [padLeft, padRight]] = [row, column].map((axis) => sides[axis] ?? [0, 0]);
  return { padTop, padLeft, padBottom, padRight };
}

/** True where the step reaches beyond the value along the two axes alone, and a kernel knows padding that isn't there. */
export function padsItself(step: WindowStep, row: number, column: number): boolean {
  if (step.reduce === 'sum' && step.weights === undefined) return false;
  const geometry = geometryOf(step, row, column);
  const elsewhere = paddingOf(step.x).some(
    (sides, axis) => axis !== row && axis !== column && Math.max(...sides) > 0,
  );
  if (!geometry || elsewhere) return false;
  // All builds take the same windows.
  const c = {
    op: windowOp[step.reduce],
    channels: dimSize(step.x.dims[1]),
    build: 'scalar',
    ...geometry,
  } as const;
  return chooseWindow(c) !== undefined;
}
