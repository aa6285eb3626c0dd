/** Small independent references: plain Gaussian elimination and problems made from explicit inputs. */

/** A pseudo-normal generator of its own (a linear congruential one), apart from the compiler's. */
export function normals(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) % 4294967296;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  for (let i = 0; i < 8; i++) next();
  return () => {
    let s = -6;
    for (let i = 0; i < 12; i++) s += next();
    return s;
  };
}

/** x with A x = b by Gaussian elimination with partial pivoting. */
export function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = b.length;
  const m = a.map((row, i) => [...row, b[i]]);
  for (let c = 0; c < n; c++) {
    let p = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(m[r][c]) > Math.abs(m[p][c])) p = r;
    [m[c], m[p]] = [m[p], m[c]];
    for (let r = c + 1; r < n; r++) {
      const f = m[r][c] / m[c][c];
      for (let k = c; k <= n; k++) m[r][k] -= f * m[c][k];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let s = m[r][n];
    for (let k = r + 1; k < n; k++) s -= m[r][k] * x[k];
    x[r] = s / m[r][r];
  }
  return x;
}

/** Least loss (w − w*)ᵀ H (w − w*) with w zero off `kept`, and the w that has it. */
export function bestOn(
  h: readonly (readonly number[])[],
  target: readonly number[],
  kept: readonly number[],
): { w: number[]; loss: number } {
  const right = kept.map((i) => h[i].reduce((s, v, j) => s + v * target[j], 0));
  const x = kept.length
    ? solve(
        kept.map((i) => kept.map((j) => h[i][j])),
        right,
      )
    : [];
  const w = target.map(() => 0);
  kept.forEach((i, k) => {
    w[i] = x[k];
  });
  return { w, loss: lossOf(h, target, w) };
}

export function lossOf(
  h: readonly (readonly number[])[],
  target: readonly number[],
  w: readonly number[],
): number {
  let s = 0;
  for (let i = 0; i < w.length; i++) {
    for (let j = 0; j < w.length; j++) s += (w[i] - target[i]) * h[i][j] * (w[j] - target[j]);
  }
  return s;
}

/** Rows of a flat row-major matrix. */
export function rowsOf(m: ArrayLike<number>, cols: number): number[][] {
  return Array.from({ length: m.length / cols }, (_, r) =>
    Array.from({ length: cols }, (_, k) => m[r * cols + k]),
  );
}

export interface Sampled {
  readonly rows: number;
  readonly cols: number;
  readonly samples: number;
  readonly weights: Float64Array;
  /** Inputs, one column of x per position: [n × samples]. */
  readonly x: Float64Array;
  /** x xᵀ / samples. */
  readonly H: Float64Array;
}

/** Normal weights and correlated inputs: a few shared factors, unequal scales, an offset. */
export function correlated(seed: number, rows: number, cols: number, samples: number, offset = 0): Sampled {
  const normal = normals(seed);
  const factors = Math.max(2, Math.floor(cols / 4));
  const mixing = Array.from({ length: cols }, () => Array.from({ length: factors }, normal));
  const scale = Array.from({ length: cols }, () => 0.3 + Math.abs(normal()));
  const x = new Float64Array(cols * samples);
  for (let s = 0; s < samples; s++) {
    const z = Array.from({ length: factors }, normal);
    for (let i = 0; i < cols; i++) {
      const shared = mixing[i].reduce((t, m, f) => t + m * z[f], 0) / Math.sqrt(factors);
      x[i * samples + s] = scale[i] * (shared + 0.4 * normal()) + offset;
    }
  }
  return {
    rows,
    cols,
    samples,
    weights: Float64Array.from({ length: rows * cols }, normal),
    x,
    H: secondMoment(x, x, cols, cols, samples),
  };
}

/** E[u xᵀ] of u [p × samples], x [n × samples]. */
export function secondMoment(
  u: ArrayLike<number>,
  x: ArrayLike<number>,
  p: number,
  n: number,
  samples: number,
): Float64Array {
  const out = new Float64Array(p * n);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let k = 0; k < samples; k++) s += u[i * samples + k] * x[j * samples + k];
      out[i * n + j] = s / samples;
    }
  }
  return out;
}

export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let gap = 0;
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Math.abs(a[i] - b[i]));
  return gap;
}
