/** Windows as kernels know them: rows and columns, from what a view walks along two axes. */
import {
  type Build,
  chooseWindow,
  noPadding,
  type Padding,
  type WindowCase,
  type WindowKernel,
  type WindowOp,
} from '../kernels.ts';
import type { Plan, WindowStep } from './forms.ts';
import { type Layout, strideOf } from './layout.ts';
import { type Loop, nest, operandOf } from './nest.ts';
import { dimSize, type Factor, type PlanId, paddingOf } from './view.ts';

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

/** A kernel over planes with rows of neighbours; strides and pitches in bytes. */
export interface Planes {
  readonly kernel: WindowKernel;
  readonly outer: readonly Loop[];
  readonly channels: Loop;
  readonly geometry: Geometry;
  readonly xPitch: number;
  readonly yPitch: number;
}

/** The step as windows over planes, if that is what its views are under these layouts. */
export function planesOf(
  step: WindowStep,
  plan: Plan,
  layouts: ReadonlyMap<PlanId, Layout>,
  build: Build,
): Planes | undefined {
  const [x, y] = [step.x, step.y].map((view) => operandOf(view, plan, layouts));
  if (x.dtype !== 'float32' || x.layout.phases.some((p) => p > 1)) return undefined;
  if (step.reduce === 'sum' && step.weights === undefined) return undefined;
  const outside = paddingOf(step.x);
  if (outside.flat().some((n) => n > 0) && step.reduce === 'mean') return undefined;

  const axes = [...x.layout.order].slice(-2);
  const [row, column] = axes.length === 2 ? axes : [-1, axes[0]];
  const own = geometryOf(step, row, column);
  if (!own) return undefined;
  const pads = padsItself(step, row, column);
  // A kernel that doesn't pad needs margins that hold the neutral element.
  if (!pads && outside.some(([b, a], i) => b > x.layout.before[i] || a > x.layout.after[i])) return undefined;
  const geometry = pads ? own : { ...own, ...noPadding };

  const yRows = y.view.dims[2];
  const inner = nest([y], [2]).at(-1);
  if (yRows.length > 2 || (inner && inner.strides[0] !== 4)) return undefined;
  const { outH, outW } = geometry;
  const yPitch = yRows.length === 2 ? strideOf(y.layout, yRows[0])! * 4 : outW * 4;
  if (yRows.length === 2 && (yRows[0].size !== outH || yRows[1].size !== outW)) return undefined;
  if (yRows.length === 1 && outH > 1 && outW > 1 && strideOf(y.layout, yRows[0]) !== 1) return undefined;
  const loops = nest([x, y], [1]);
  if (loops.length > 1) return undefined;
  const channels = loops[0] ?? { size: 1, strides: [0, 0] };
  const choice = chooseWindow({ op: windowOp[step.reduce], channels: channels.size, build, ...geometry });
  return (
    choice && {
      kernel: choice.kernel,
      outer: nest([x, y], [0]),
      channels,
      geometry,
      xPitch: row < 0 ? 0 : x.layout.strides[row] * 4,
      yPitch,
    }
  );
}
