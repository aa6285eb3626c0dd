/**
 * Exact Optimal Brain Surgeon: weights of a row go one by one (or one group after another), always the one whose removal
 * costs least, and all others move to make up for it. Frantar & Alistarh 2022, "Optimal Brain Compression".
 *
 * With A = H⁻¹ on the surviving columns, removing b costs w_b² / A_bb, moves w by −(w_b / A_bb) A_b and leaves
 * A − A_b A_bᵀ / A_bb. Rows that must share a pattern (r × c blocks) share A and differ only in w.
 *
 * Two things make it fast in plain JavaScript. A shrinks: removed columns are compacted away, so a whole row costs n³/6.
 * And updates wait: only the diagonal blocks and w, which decide the next step, are kept current; A itself takes the
 * rank-one updates in batches, tiled, where
 *
 *   A_current[i][j] = A[i][j] − Σ_k V[i][k] V[j][k],   V[:,k] = k-th pivot column / √pivot.
 *
 * Only the lower triangle of A (row stride n) is valid.
 */
import { dots4x4 } from './dots.ts';

/** Rank-one updates that wait before A takes them. */
const PENDING = 32;

/** The whole elimination of one row (or of rows that share a pattern), in steps of one column group each. */
export interface Trace {
  /** Column groups in order of removal. */
  readonly order: Int32Array;
  /** Increase of Σ (w − w*)ᵀ H (w − w*) by each removal, not divided by the weights in it. */
  readonly loss: Float64Array;
}

export interface EliminationOptions {
  /** Adjacent columns that go together; the last group may be narrower. */
  readonly width?: number;
  /** N:M: at most `keep` of every `of` adjacent columns are to stay, and no more go than that asks for. */
  readonly quota?: { readonly keep: number; readonly of: number };
}

/**
 * Removes all column groups (with a quota: as many as it asks for) of `rows` weight rows that share a pattern.
 * `weights` is [rows × n] and is left alone; `inverse` is the damped H⁻¹ [n × n].
 */
export function eliminate(
  weights: Float64Array,
  rows: number,
  inverse: Float64Array,
  n: number,
  { width = 1, quota }: EliminationOptions = {},
): Trace {
  const a = Float64Array.from(inverse);
  const w = Float64Array.from(weights);
  const column = Int32Array.from({ length: n }, (_, i) => i);
  /** diagonal[p · width + t] = A_current[p][first column of p's group + t]. */
  const diagonal = new Float64Array(n * width);
  for (let p = 0; p < n; p++) {
    const first = p - (p % width);
    for (let t = 0; t < width && first + t < n; t++) diagonal[p * width + t] = inverse[p * n + first + t];
  }
  const removed = new Uint8Array(n);
  const capacity = PENDING + width;
  const v = new Float64Array(n * capacity);
  const quotaLeft = quota && quotas(n, quota.keep, quota.of);
  const steps = quotaLeft ? quotaLeft.reduce((s, q) => s + q, 0) : Math.ceil(n / width);
  const order = new Int32Array(steps);
  const loss = new Float64Array(steps);
  const scratch = new Float64Array(width * (width + 1));
  let live = n;
  let pending = 0;

  for (let step = 0; step < steps; step++) {
    let best = -1;
    let bestScore = Infinity;
    for (let p = 0; p < live; p += width) {
      if (removed[p] || (quotaLeft && quotaLeft[Math.floor(column[p] / quota!.of)] === 0)) continue;
      const size = Math.min(width, live - p);
      const score = width === 1 ? single(p) : grouped(p, size) / size;
      if (score < bestScore || best < 0) {
        best = p;
        bestScore = score;
      }
    }
    order[step] = Math.floor(column[best] / width);
    const end = Math.min(best + width, live);
    for (let p = best; p < end; p++) loss[step] += pivot(p);
    if (quotaLeft) quotaLeft[Math.floor(column[best] / quota!.of)]--;
    if (pending >= PENDING) flush();
  }
  return { order, loss };

  function single(p: number): number {
    let s = 0;
    for (let r = 0; r < rows; r++) s += w[r * n + p] ** 2;
    return s / diagonal[p];
  }

  /** Σ_r w_Bᵀ (A_BB)⁻¹ w_B: what eliminating the group column by column adds up to. */
  function grouped(p: number, size: number): number {
    let score = 0;
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) scratch[i * size + j] = diagonal[(p + i) * width + j];
        scratch[size * size + i] = w[r * n + p + i];
      }
      for (let b = 0; b < size; b++) {
        const d = scratch[b * size + b];
        const wb = scratch[size * size + b];
        score += (wb * wb) / d;
        for (let i = b + 1; i < size; i++) {
          const f = scratch[i * size + b] / d;
          scratch[size * size + i] -= f * wb;
          for (let j = b + 1; j < size; j++) scratch[i * size + j] -= f * scratch[b * size + j];
        }
      }
    }
    return score;
  }

  /** Removes the column at position b from w and the diagonal blocks; queues the update of A. Returns its loss. */
  function pivot(b: number): number {
    const d = diagonal[b * width + (b % width)];
    const root = Math.sqrt(d);
    const vb = b * capacity;
    for (let p = 0; p < live; p++) {
      const vp = p * capacity;
      if (removed[p]) {
        v[vp + pending] = 0;
        continue;
      }
      let s = p >= b ? a[p * n + b] : a[b * n + p];
      for (let k = 0; k < pending; k++) s -= v[vp + k] * v[vb + k];
      v[vp + pending] = s / root;
    }
    let score = 0;
    for (let r = 0; r < rows; r++) {
      const f = w[r * n + b] / root;
      score += f * f;
      for (let p = 0; p < live; p++) w[r * n + p] -= f * v[p * capacity + pending];
    }
    for (let p = 0; p < live; p++) {
      const first = p - (p % width);
      const vp = v[p * capacity + pending];
      for (let t = 0; t < width && first + t < live; t++) {
        diagonal[p * width + t] -= vp * v[(first + t) * capacity + pending];
      }
    }
    removed[b] = 1;
    pending++;
    return score;
  }

  /** A takes the pending updates while the removed columns are squeezed out, in place: every write lies behind the reads. */
  function flush(): void {
    const sums = new Float64Array(16);
    const alive = new Int32Array(live);
    let count = 0;
    for (let p = 0; p < live; p++) if (!removed[p]) alive[count++] = p;
    const at = (i: number) => alive[Math.min(i, count - 1)] * capacity;
    for (let i = 0; i < count; i += 4) {
      const [i0, i1, i2, i3] = [at(i), at(i + 1), at(i + 2), at(i + 3)];
      const rowEnd = Math.min(i + 4, count);
      for (let j = 0; j <= i; j += 4) {
        dots4x4(v, i0, i1, i2, i3, v, at(j), at(j + 1), at(j + 2), at(j + 3), pending, sums);
        for (let r = i; r < rowEnd; r++) {
          const from = alive[r] * n;
          const end = Math.min(j + 3, r);
          for (let c = j; c <= end; c++) a[r * n + c] = a[from + alive[c]] - sums[4 * (r - i) + c - j];
        }
      }
    }
    for (let i = 0; i < count; i++) {
      const p = alive[i];
      column[i] = column[p];
      for (let r = 0; r < rows; r++) w[r * n + i] = w[r * n + p];
      for (let t = 0; t < width; t++) diagonal[i * width + t] = diagonal[p * width + t];
      removed[i] = 0;
    }
    live = count;
    pending = 0;
  }
}

/** Columns to remove from each group of `of` so that at most `keep` stay. */
function quotas(n: number, keep: number, of: number): Int32Array {
  return Int32Array.from({ length: Math.ceil(n / of) }, (_, g) =>
    Math.max(0, Math.min(of, n - g * of) - keep),
  );
}
