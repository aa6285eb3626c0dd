/**
 * ALPS: the mask by ADMM on min Σ (w − w*)ᵀ H (w − w*) with at most k weights left, in columns scaled to unit curvature.
 * Meng et al. 2024. The penalty ρ grows while the support still changes; refit by least squares afterwards.
 */
import { assert } from '../../errors.ts';
import type { Quadratic } from './asymmetric.ts';
import { cholesky, inverseFromFactor, multiplyTransposed } from './matrix.ts';
import { countKept, selectMask } from './patterns.ts';
import type { Granularity } from './problem.ts';

const FIRST_PENALTY = 0.1;
const CHECK_EVERY = 3;

/** A · B for A [rows × n] and symmetric B [n × n]; float32 will do. */
export type Multiply = (a: Float64Array, b: Float64Array, rows: number, n: number) => Float64Array;

export interface AlpsOptions {
  /** At most, of R n² multiply-adds. */
  readonly iterations?: number;
  /** For the products of the iterations. */
  readonly multiply?: Multiply;
}

/** The mask that ADMM settles on for `keep` weights. */
export function alpsMask(
  q: Quadratic,
  granularity: Granularity,
  keep: number,
  { iterations = 300, multiply = inDouble }: AlpsOptions = {},
): Uint8Array {
  const { rows, cols } = q;
  const size = rows * cols;
  const scale = Float64Array.from({ length: cols }, (_, j) => Math.sqrt(q.damped.H[j * cols + j]));
  const h = q.damped.H.map((v, i) => v / (scale[Math.floor(i / cols)] * scale[i % cols]));
  const target = q.target.map((v, i) => v * scale[i % cols]);
  const right = multiplyTransposed(target, h, rows, cols, cols);
  const project = (x: Float64Array) =>
    selectMask(
      x.map((v) => v * v),
      rows,
      cols,
      granularity,
      keep,
    );

  let penalty = FIRST_PENALTY;
  let inverse = shifted(h, cols, penalty);
  let mask = project(target);
  let checked = mask;
  let moved = false;
  let d = target.map((v, i) => (mask[i] ? v : 0));
  let dual = new Float64Array(size);
  const kept = Math.max(1, countKept(mask));

  for (let it = 1; it <= iterations; it++) {
    const b = multiply(
      right.map((v, i) => v - dual[i] + penalty * d[i]),
      inverse,
      rows,
      cols,
    );
    const free = b.map((v, i) => v + dual[i] / penalty);
    mask = project(free);
    d = free.map((v, i) => (mask[i] ? v : 0));
    for (let i = 0; i < size; i++) dual[i] += penalty * (b[i] - d[i]);
    if (it % CHECK_EVERY !== 0) continue;

    let change = 0;
    for (let i = 0; i < size; i++) if (mask[i] && !checked[i]) change++;
    checked = mask;
    if (change === 0 && moved) break;
    if (change === 0) {
      penalty /= 5;
      if (penalty < 1e-6) break;
      d = target.map((v, i) => (mask[i] ? v : 0));
      dual = new Float64Array(size);
    } else {
      moved = true;
      penalty *= change > 0.1 * kept ? 1.3 : change > 0.005 * kept ? 1.2 : 1.1;
    }
    inverse = shifted(h, cols, penalty);
  }
  return mask;
}

const inDouble: Multiply = (a, b, rows, n) => multiplyTransposed(a, b, rows, n, n);

/** (H + ρI)⁻¹. */
function shifted(h: Float64Array, n: number, penalty: number): Float64Array {
  const sum = Float64Array.from(h);
  for (let i = 0; i < n; i++) sum[i * n + i] += penalty;
  const factor = cholesky(sum, n);
  assert(factor, 'a damped Hessian plus a penalty is SPD');
  return inverseFromFactor(factor, n);
}
