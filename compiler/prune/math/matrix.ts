/** Dense float64 algebra on row-major arrays, tiled over `dots4x4`. Symmetric positive definite matrices are "SPD". */
import { assert, InternalError } from '../../errors.ts';
import { dots4x4 } from './dots.ts';

/** A Bᵀ, [p × q], for A [p × k] and B [q × k]. A symmetric B makes it A B. */
export function multiplyTransposed(
  a: Float64Array,
  b: Float64Array,
  p: number,
  q: number,
  k: number,
): Float64Array {
  const out = new Float64Array(p * q);
  const sums = new Float64Array(16);
  for (let i = 0; i < p; i += 4) {
    const ih = Math.min(4, p - i);
    for (let j = 0; j < q; j += 4) {
      const jh = Math.min(4, q - j);
      tile(a, i, p, b, j, q, k, 0, k, sums);
      for (let u = 0; u < ih; u++) {
        for (let v = 0; v < jh; v++) out[(i + u) * q + j + v] = sums[4 * u + v];
      }
    }
  }
  return out;
}

/** Bᵀ, [cols × rows], of a [rows × cols] matrix. */
export function transpose(b: Float64Array, rows: number, cols: number): Float64Array {
  const out = new Float64Array(b.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = b[i * cols + j];
  return out;
}

/** The principal submatrix of a symmetric [n × n] matrix on `kept` indices. */
export function submatrix(h: Float64Array, n: number, kept: Int32Array): Float64Array {
  const k = kept.length;
  const out = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    const row = kept[i] * n;
    for (let j = 0; j < k; j++) out[i * k + j] = h[row + kept[j]];
  }
  return out;
}

/** L, lower triangular, with L Lᵀ = H [n × n]; undefined where H is not numerically SPD. */
export function cholesky(h: Float64Array, n: number): Float64Array | undefined {
  const l = Float64Array.from(h);
  const sums = new Float64Array(16);
  for (let i = 0; i < n; i += 4) {
    solveTile(l, n, l, i, n, 0, i, sums);
    const end = Math.min(i + 4, n);
    tile(l, i, n, l, i, n, n, 0, i, sums);
    for (let r = i; r < end; r++) {
      for (let c = i; c <= r; c++) {
        let s = l[r * n + c] - sums[4 * (r - i) + (c - i)];
        for (let k = i; k < c; k++) s -= l[r * n + k] * l[c * n + k];
        if (c < r) l[r * n + c] = s / l[c * n + c];
        else if (s > 0 && s < Infinity) l[r * n + r] = Math.sqrt(s);
        else return undefined;
      }
      l.fill(0, r * n + r + 1, (r + 1) * n);
    }
  }
  return l;
}

/** L⁻ᵀ, upper triangular, of a lower triangular L [n × n]: row i is the solution of L x = eᵢ. */
export function inverseTransposed(l: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  const sums = new Float64Array(16);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  for (let i = 0; i < n; i += 4) solveTile(l, n, out, i, n, i, n, sums);
  return out;
}

/** H⁻¹ from the Cholesky factor of H. */
export function inverseFromFactor(l: Float64Array, n: number): Float64Array {
  const t = inverseTransposed(l, n);
  const out = new Float64Array(n * n);
  const sums = new Float64Array(16);
  for (let i = 0; i < n; i += 4) {
    for (let j = 0; j <= i; j += 4) {
      tile(t, i, n, t, j, n, n, i, n, sums);
      for (let r = i; r < Math.min(i + 4, n); r++) {
        for (let c = j; c < Math.min(j + 4, n); c++) {
          out[r * n + c] = out[c * n + r] = sums[4 * (r - i) + (c - j)];
        }
      }
    }
  }
  return out;
}

/**
 * U, upper triangular, with H⁻¹ = Uᵀ U, without forming H⁻¹: factor H with rows and columns reversed, invert the factor,
 * reverse back. Undefined where H is not numerically SPD.
 */
export function inverseUpperFactor(h: Float64Array, n: number): Float64Array | undefined {
  const last = n * n - 1;
  const reversed = new Float64Array(n * n);
  for (let i = 0; i <= last; i++) reversed[i] = h[last - i];
  const l = cholesky(reversed, n);
  if (!l) return undefined;
  const t = inverseTransposed(l, n);
  const u = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) u[i * n + j] = t[(n - 1 - j) * n + (n - 1 - i)];
  }
  return u;
}

/** X with (L Lᵀ) xᵣ = bᵣ for every row of B [p × n]. */
export function solveRows(l: Float64Array, n: number, b: Float64Array, p: number): Float64Array {
  const x = Float64Array.from(b);
  const sums = new Float64Array(16);
  for (let i = 0; i < p; i += 4) solveTile(l, n, x, i, p, 0, n, sums);
  for (let r = 0; r < p; r++) {
    const row = r * n;
    for (let i = n - 1; i >= 0; i--) {
      const v = (x[row + i] /= l[i * n + i]);
      const li = i * n;
      for (let j = 0; j < i; j++) x[row + j] -= l[li + j] * v;
    }
  }
  return x;
}

export interface Damped {
  /** H + λI, [n × n]. */
  readonly H: Float64Array;
  /** Its Cholesky factor. */
  readonly L: Float64Array;
  readonly lambda: number;
}

/**
 * H + λI and its factor, λ = `damping` × the mean diagonal of H. Where that is not numerically SPD, λ is raised tenfold
 * (from at least 1e-12 of the mean) until it is.
 */
export function damp(h: Float64Array, n: number, damping: number): Damped {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += h[i * n + i];
  const mean = trace > 0 ? trace / n : 1;
  assert(Number.isFinite(trace), 'the Hessian holds NaN or infinite values');
  for (let relative = damping, tries = 0; tries < 14; relative = Math.max(relative * 10, 1e-12), tries++) {
    const lambda = relative * mean;
    const H = Float64Array.from(h);
    for (let i = 0; i < n; i++) H[i * n + i] += lambda;
    const L = cholesky(H, n);
    if (L) return { H, L, lambda };
  }
  throw new InternalError(`a Hessian of ${n} columns stays indefinite under damping`);
}

/** xᵀ H x summed over the rows x of `d` [p × n], for a symmetric H. */
export function quadraticForm(d: Float64Array, h: Float64Array, p: number, n: number): number {
  const dh = multiplyTransposed(d, h, p, n, n);
  let sum = 0;
  for (let i = 0; i < dh.length; i++) sum += dh[i] * d[i];
  return sum;
}

/** `dots4x4` of rows i… of a [p × stride] and rows j… of b [q × stride], over columns `from` … `to`. */
function tile(
  a: Float64Array,
  i: number,
  p: number,
  b: Float64Array,
  j: number,
  q: number,
  stride: number,
  from: number,
  to: number,
  sums: Float64Array,
): void {
  const row = (r: number, rows: number) => (r < rows ? r : rows - 1) * stride + from;
  dots4x4(
    a,
    row(i, p),
    row(i + 1, p),
    row(i + 2, p),
    row(i + 3, p),
    b,
    row(j, q),
    row(j + 1, q),
    row(j + 2, q),
    row(j + 3, q),
    to - from,
    sums,
  );
}

/**
 * Forward substitution in place: four rows y of Y [p × n], from row i, become the solutions of L x = y, columns `from` …
 * `to`. Columns before `from` (a multiple of 4) are taken as zero.
 */
function solveTile(
  l: Float64Array,
  n: number,
  y: Float64Array,
  i: number,
  p: number,
  from: number,
  to: number,
  sums: Float64Array,
): void {
  const rowEnd = Math.min(i + 4, p);
  for (let j = from; j < to; j += 4) {
    tile(y, i, p, l, j, n, n, from, j, sums);
    const end = Math.min(j + 4, to);
    for (let r = i; r < rowEnd; r++) {
      for (let c = j; c < end; c++) {
        let s = y[r * n + c] - sums[4 * (r - i) + (c - j)];
        for (let k = j; k < c; k++) s -= y[r * n + k] * l[c * n + k];
        y[r * n + c] = s / l[c * n + c];
      }
    }
  }
}
