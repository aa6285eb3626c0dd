/**
 * SparseGPT: one sweep over the columns; each dropped weight is made up for by the columns to its right, with one shared
 * factor for all rows. Frantar & Alistarh 2023. With a fixed mask and a rounding it is GPTQ on the surviving weights.
 */
import { assert } from '../../errors.ts';
import type { Quadratic } from './asymmetric.ts';
import { inverseUpperFactor } from './matrix.ts';
import { selectMask } from './patterns.ts';
import type { Granularity } from './problem.ts';

/** Columns whose mask is chosen together. */
const BLOCK = 128;

export interface Swept {
  readonly weights: Float64Array;
  readonly mask: Uint8Array;
}

export interface SweepOptions {
  /** The mask to obey, in place of one chosen on the way. */
  readonly mask?: Uint8Array;
  /** The value that weight w of row r is stored as. */
  readonly round?: (w: number, r: number) => number;
}

/** Sweeps the target of `q` down to `keep` weights under a granularity (N:M ignores `keep`). */
export function sparseGpt(
  q: Quadratic,
  granularity: Granularity,
  keep: number,
  options: SweepOptions = {},
): Swept {
  const { rows, cols } = q;
  const u = inverseUpperFactor(q.damped.H, cols);
  assert(u, 'a damped Hessian is SPD');
  const w = Float64Array.from(q.target);
  const mask = options.mask ? Uint8Array.from(options.mask) : new Uint8Array(rows * cols);
  const width = blockWidth(granularity);
  let left = keep;
  for (let a = 0; a < cols; a += width) {
    const b = Math.min(a + width, cols);
    if (!options.mask && granularity.kind !== 'nm') {
      const share = Math.round((left * (b - a)) / (cols - a));
      left -= choose(w, u, rows, cols, a, b, granularity, share, mask);
    }
    const errors = new Float64Array(rows * (b - a));
    for (let j = a; j < b; j++) {
      if (!options.mask && granularity.kind === 'nm' && j % granularity.of === 0) {
        choose(w, u, rows, cols, j, Math.min(j + granularity.of, cols), granularity, 0, mask);
      }
      sweepColumn(w, u, rows, cols, j, b, mask, options.round, errors, a);
    }
    spread(w, u, rows, cols, a, b, errors);
  }
  return { weights: w, mask };
}

/** A multiple of what is chosen together, so that no group straddles two blocks. */
function blockWidth(granularity: Granularity): number {
  switch (granularity.kind) {
    case 'element':
      return BLOCK;
    case 'block':
      return Math.ceil(BLOCK / granularity.cols) * granularity.cols;
    case 'nm':
      return Math.ceil(BLOCK / granularity.of) * granularity.of;
    case 'row':
      return Number.MAX_SAFE_INTEGER;
  }
}

/** Fills the mask of columns a … b by w² / U_jj², the error of dropping a weight now. Returns how many are kept. */
function choose(
  w: Float64Array,
  u: Float64Array,
  rows: number,
  cols: number,
  a: number,
  b: number,
  granularity: Granularity,
  keep: number,
  mask: Uint8Array,
): number {
  const width = b - a;
  const scores = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let j = a; j < b; j++) scores[r * width + j - a] = (w[r * cols + j] / u[j * cols + j]) ** 2;
  }
  const part = selectMask(scores, rows, width, granularity, keep);
  let kept = 0;
  for (let r = 0; r < rows; r++) {
    for (let j = a; j < b; j++) kept += mask[r * cols + j] = part[r * width + j - a];
  }
  return kept;
}

function sweepColumn(
  w: Float64Array,
  u: Float64Array,
  rows: number,
  cols: number,
  j: number,
  b: number,
  mask: Uint8Array,
  round: SweepOptions['round'],
  errors: Float64Array,
  a: number,
): void {
  const d = u[j * cols + j];
  for (let r = 0; r < rows; r++) {
    const at = r * cols + j;
    const stored = mask[at] ? (round ? round(w[at], r) : w[at]) : 0;
    const e = (w[at] - stored) / d;
    w[at] = stored;
    errors[r * (b - a) + j - a] = e;
    if (e === 0) continue;
    for (let k = j + 1; k < b; k++) w[r * cols + k] -= e * u[j * cols + k];
  }
}

/** w[:, b…] −= E U[a…b, b…]: the whole block's errors, four columns of E at a time. */
function spread(
  w: Float64Array,
  u: Float64Array,
  rows: number,
  cols: number,
  a: number,
  b: number,
  errors: Float64Array,
): void {
  const width = b - a;
  for (let r = 0; r < rows; r++) {
    const row = r * cols;
    for (let j = 0; j < width; j += 4) {
      const e = (i: number) => (j + i < width ? errors[r * width + j + i] : 0);
      const [e0, e1, e2, e3] = [e(0), e(1), e(2), e(3)];
      if (e0 === 0 && e1 === 0 && e2 === 0 && e3 === 0) continue;
      const at = (i: number) => Math.min(a + j + i, b - 1) * cols;
      const [u0, u1, u2, u3] = [at(0), at(1), at(2), at(3)];
      for (let k = b; k < cols; k++) {
        w[row + k] -= e0 * u[u0 + k] + e1 * u[u1 + k] + e2 * u[u2 + k] + e3 * u[u3 + k];
      }
    }
  }
}
