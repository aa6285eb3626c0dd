/** Picks indices along one dimension that are known at compile time, by views where they run evenly. */
import { sliceView, type View, viewShape } from '../plan/view.ts';
import type { DType, Lowering } from './define.ts';
import { emitGather } from './gather-step.ts';

interface Run {
  readonly start: number;
  readonly size: number;
  /** 0: the same index again and again. */
  readonly step: number;
}

/** More runs than this are left to the routine. */
const mostRuns = 8;

/** The fewest runs of equal steps, greedily. */
export function runsOf(indices: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < indices.length; ) {
    const step = i + 1 < indices.length ? indices[i + 1] - indices[i] : 1;
    let size = 1;
    while (i + size < indices.length && indices[i + size] - indices[i + size - 1] === step) size++;
    runs.push({ start: indices[i], size, step });
    i += size;
  }
  return runs;
}

/** The view with dimension `axis` replaced by the elements at `indices` of it. */
export function take(l: Lowering, v: View, axis: number, indices: readonly number[], dtype: DType): View {
  const repeat = evenRepeat(indices);
  if (repeat) {
    // Each index of a plain walk, `repeat` times: one more loop that moves nothing.
    const once = runView(l, v, axis, { start: indices[0], size: indices.length / repeat, step: 1 });
    return {
      ...once,
      dims: once.dims.map((d, i) => (i === axis ? [...d, { size: repeat, axis: -1, step: 0 }] : d)),
    };
  }
  const runs = runsOf(indices);
  if (runs.length === 1) return runView(l, v, axis, runs[0]);
  const shape = viewShape(v);
  const out = shape.map((d, i) => (i === axis ? indices.length : d));
  if (runs.length > mostRuns) {
    const index = l.constant({ dtype: 'int32', shape: [indices.length], data: Int32Array.from(indices) });
    return emitGather(l, v, index, axis, 0, out, dtype);
  }
  const y = l.temp(dtype, out);
  let at = 0;
  for (const run of runs) {
    const part = sliceView(
      y,
      out.map((_, i) => (i === axis ? at : 0)),
      out.map((d, i) => (i === axis ? run.size : d)),
      out.map(() => 1),
    )!;
    l.emit({ form: 'move', x: runView(l, v, axis, run), y: part, fill: 0 });
    at += run.size;
  }
  return y;
}

/** r where the indices are a, …, a, a+1, …, a+1, … each r ≥ 2 times. */
function evenRepeat(indices: readonly number[]): number | undefined {
  const r = indices.findIndex((v) => v !== indices[0]);
  if (r < 2 || indices.length % r !== 0) return undefined;
  return indices.every((v, i) => v === indices[0] + Math.floor(i / r)) ? r : undefined;
}

function runView(l: Lowering, v: View, axis: number, run: Run): View {
  const shape = viewShape(v);
  const pick = (view: View, size: number, step: number) =>
    sliceView(
      view,
      shape.map((_, i) => (i === axis ? run.start : 0)),
      shape.map((d, i) => (i === axis ? size : d)),
      shape.map((_, i) => (i === axis ? step : 1)),
    );
  const cut = (size: number, step: number) => pick(v, size, step) ?? pick(l.materialize(v), size, step)!;
  if (run.step !== 0 || run.size === 1) return cut(run.size, run.size === 1 ? 1 : run.step);
  const one = cut(1, 1);
  return { ...one, dims: one.dims.map((d, i) => (i === axis ? [{ size: run.size, axis: -1, step: 0 }] : d)) };
}
