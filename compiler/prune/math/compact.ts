/**
 * Inputs that are always constant (border pixels, dead ReLUs) carry nothing a weight could act on: their columns leave the
 * problem before the cubic-cost work and come back afterwards.
 */
import type { LayerProblem } from './problem.ts';

/** Variance below this share of the second moment is rounding, not signal. */
const DEAD = 1e-10;

export interface LiveColumns {
  /** Columns of the layer that the compact problem keeps, ascending. */
  readonly live: Int32Array;
  readonly dead: Int32Array;
}

/**
 * Splits columns into live and dead by `centred.H`, against the second moment before centring. Adjacent columns of one
 * group (of `width`) share their fate, so that groups stay whole on both sides.
 */
export function liveColumns(
  centred: LayerProblem & { readonly H: Float64Array },
  width: number,
): LiveColumns {
  const { cols, H, meanPruned } = centred;
  const live: number[] = [];
  const dead: number[] = [];
  for (let from = 0; from < cols; from += width) {
    const group = Array.from({ length: Math.min(width, cols - from) }, (_, i) => from + i);
    const alive = group.some((j) => H[j * cols + j] > DEAD * (H[j * cols + j] + (meanPruned?.[j] ?? 0) ** 2));
    (alive ? live : dead).push(...group);
  }
  return { live: Int32Array.from(live), dead: Int32Array.from(dead) };
}

/** The problem on some of its columns. Means are dropped: pass a centred problem. */
export function selectColumns(
  problem: LayerProblem & { readonly H: Float64Array },
  columns: Int32Array,
): LayerProblem & { readonly H: Float64Array } {
  const { rows, cols, samples } = problem;
  const all = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
  const pick = (m: Float64Array, rowsOf: Int32Array) => gather(m, cols, rowsOf, columns);
  return {
    rows,
    cols: columns.length,
    samples,
    weights: pick(problem.weights, all(rows)),
    H: pick(problem.H, columns),
    C: problem.C && pick(problem.C, columns),
    outputCross: problem.outputCross && pick(problem.outputCross, all(rows)),
  };
}

/** m[rows, columns] of a row-major matrix with `cols` columns. */
export function gather<T extends Float64Array | Uint8Array>(
  m: T,
  cols: number,
  rows: Int32Array,
  columns: Int32Array,
): T {
  const out = new (m.constructor as new (n: number) => T)(rows.length * columns.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < columns.length; j++) out[i * columns.length + j] = m[rows[i] * cols + columns[j]];
  }
  return out;
}

/** full[:, columns] = part, for a full matrix with `cols` columns. */
export function scatter<T extends Float64Array | Uint8Array>(
  full: T,
  cols: number,
  columns: Int32Array,
  part: T,
): T {
  const k = columns.length;
  for (let i = 0; i < part.length; i++) full[Math.floor(i / k) * cols + columns[i % k]] = part[i];
  return full;
}
