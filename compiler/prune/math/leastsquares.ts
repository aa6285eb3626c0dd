/** The best values of the surviving weights, given which survive: the minimum of Σ_r (w − w*)ᵀ H (w − w*) on a mask. */
import { assert } from '../../errors.ts';
import type { Quadratic } from './asymmetric.ts';
import { gather } from './compact.ts';
import { cholesky, multiplyTransposed, solveRows, submatrix } from './matrix.ts';

/** Multiply-adds (n³/6 per distinct mask row) up to which the exact solution is preferred. */
const EXACT_BUDGET = 20e9;

/** `exactLeastSquares` where it is affordable, else `conjugateLeastSquares` from the target's kept entries. */
export function leastSquares(q: Quadratic, mask: Uint8Array): Float64Array {
  let cost = 0;
  for (const { kept } of rowsByMask(q, mask)) cost += kept.length ** 3 / 6;
  if (cost <= EXACT_BUDGET) return exactLeastSquares(q, mask);
  return conjugateLeastSquares(
    q,
    mask,
    q.target.map((w, i) => (mask[i] ? w : 0)),
  );
}

/**
 * Per row with kept set K: H_KK w_K = (H w*)_K, by Cholesky. Rows with the same mask share one factorisation. H is the
 * damped one; rows that keep everything are the target itself.
 */
export function exactLeastSquares(q: Quadratic, mask: Uint8Array): Float64Array {
  const { rows, cols, target, damped } = q;
  const right = multiplyTransposed(target, damped.H, rows, cols, cols);
  const out = new Float64Array(rows * cols);
  for (const { members, kept } of rowsByMask(q, mask)) {
    const k = kept.length;
    if (k === cols) {
      for (const r of members) out.set(target.subarray(r * cols, (r + 1) * cols), r * cols);
      continue;
    }
    const factor = cholesky(submatrix(damped.H, cols, kept), k);
    assert(factor, 'a principal submatrix of an SPD matrix is SPD');
    const these = Int32Array.from(members);
    const x = solveRows(factor, k, gather(right, cols, these, kept), members.length);
    members.forEach((r, m) => {
      for (let i = 0; i < k; i++) out[r * cols + kept[i]] = x[m * k + i];
    });
  }
  return out;
}

/**
 * The same minimum approached by conjugate gradients on all rows at once, with the residual masked and a Jacobi
 * preconditioner, from `start` (zero off the mask). R n² multiply-adds per iteration. As ALPS does after ADMM.
 */
export function conjugateLeastSquares(
  q: Quadratic,
  mask: Uint8Array,
  start: Float64Array,
  iterations = 20,
): Float64Array {
  const { rows, cols, target, damped } = q;
  const size = rows * cols;
  const x = Float64Array.from(start);
  const gap = x.map((v, i) => target[i] - v);
  const residual = multiplyTransposed(gap, damped.H, rows, cols, cols);
  for (let i = 0; i < size; i++) if (!mask[i]) residual[i] = 0;
  const inverseDiagonal = Float64Array.from({ length: cols }, (_, j) => 1 / damped.H[j * cols + j]);
  const direction = residual.map((v, i) => v * inverseDiagonal[i % cols]);
  const rho = rowDots(residual, direction, rows, cols);
  const tolerance = rho.map((v) => v * 1e-24);
  for (let it = 0; it < iterations; it++) {
    const hd = multiplyTransposed(direction, damped.H, rows, cols, cols);
    for (let r = 0; r < rows; r++) {
      if (rho[r] <= tolerance[r]) continue;
      const [from, to] = [r * cols, (r + 1) * cols];
      let curvature = 0;
      for (let i = from; i < to; i++) curvature += direction[i] * hd[i];
      const step = rho[r] / curvature;
      let next = 0;
      for (let i = from; i < to; i++) {
        if (!mask[i]) continue;
        x[i] += step * direction[i];
        residual[i] -= step * hd[i];
        next += residual[i] * residual[i] * inverseDiagonal[i - from];
      }
      const beta = next / rho[r];
      rho[r] = next;
      for (let i = from; i < to; i++) {
        direction[i] = residual[i] * inverseDiagonal[i - from] + beta * direction[i];
      }
    }
  }
  return x;
}

interface MaskRows {
  readonly members: number[];
  readonly kept: Int32Array;
}

function rowsByMask({ rows, cols }: Quadratic, mask: Uint8Array): Iterable<MaskRows> {
  const byMask = new Map<string, MaskRows>();
  for (let r = 0; r < rows; r++) {
    const kept: number[] = [];
    for (let k = 0; k < cols; k++) if (mask[r * cols + k]) kept.push(k);
    const key = kept.join();
    const same = byMask.get(key);
    if (same) same.members.push(r);
    else byMask.set(key, { members: [r], kept: Int32Array.from(kept) });
  }
  return byMask.values();
}

function rowDots(a: Float64Array, b: Float64Array, rows: number, cols: number): Float64Array {
  const out = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    for (let i = r * cols; i < (r + 1) * cols; i++) out[r] += a[i] * b[i];
  }
  return out;
}
