/**
 * Local search on a mask: in each row, the dropped weight whose return gains most is exchanged for the kept one that is then
 * cheapest to lose, while the loss falls. It mends the choices that greedy elimination cannot take back. Counts per row stay
 * as they are. (Best-subset 1-swaps, as in Hazimeh & Mazumder 2020, on the layer-wise problem of OBC.)
 *
 * A row keeps, for kept set K of k columns (slot s holds column K[s]):
 *
 *   A = H_KK⁻¹ [k × k]    P = A H_K: [k × n]    D_j = H_jj − H_jK P_:j, the curvature of j beyond K
 *   w_K, the refit        g = H (w* − w), zero on K
 *
 * Returning j gains g_j² / D_j; losing slot s costs w_s² / A_ss; either updates all of it in k n multiply-adds.
 */
import { assert } from '../../errors.ts';
import type { Quadratic } from './asymmetric.ts';
import { cholesky, inverseFromFactor, multiplyTransposed, submatrix } from './matrix.ts';

/** Exchanges must lower the loss of the row by more than this share. */
const LEAST_GAIN = 1e-4;

/** A mask of no larger loss with the same count in every row, after at most as many exchanges as the row has survivors. */
export function swapMask(q: Quadratic, mask: Uint8Array): Uint8Array {
  const { rows, cols } = q;
  const out = Uint8Array.from(mask);
  for (let r = 0; r < rows; r++) {
    const kept: number[] = [];
    for (let j = 0; j < cols; j++) if (mask[r * cols + j]) kept.push(j);
    if (kept.length === 0 || kept.length === cols) continue;
    const row = searchRow(q, r, Int32Array.from(kept));
    out.fill(0, r * cols, (r + 1) * cols);
    for (const j of row) out[r * cols + j] = 1;
  }
  return out;
}

function searchRow(q: Quadratic, r: number, kept: Int32Array): Int32Array {
  const { cols: n } = q;
  const h = q.damped.H;
  const target = q.target.subarray(r * n, (r + 1) * n);
  const k = kept.length;
  const slots = Int32Array.from([...kept, -1]);
  const size = k + 1;
  const state = start(h, n, target, kept);
  const { a, p, d, g, w } = state;
  const inside = new Uint8Array(n);
  for (const j of kept) inside[j] = 1;
  const v = new Float64Array(n);
  let free = k;
  let loss = state.loss;

  for (let swap = 0; swap < k; swap++) {
    let best = -1;
    let gain = 0;
    for (let j = 0; j < n; j++) {
      if (inside[j]) continue;
      const s = (g[j] * g[j]) / d[j];
      if (s > gain) {
        gain = s;
        best = j;
      }
    }
    if (best < 0) break;
    // What losing a slot would cost once `best` is in, before anything is changed.
    const s = d[best];
    const wb = g[best] / s;
    let cheapest = -1;
    let cost = Infinity;
    for (let i = 0; i < size; i++) {
      if (i === free) continue;
      const pi = p[i * n + best];
      const c = (w[i] - pi * wb) ** 2 / (a[i * size + i] + (pi * pi) / s);
      if (c < cost) {
        cost = c;
        cheapest = i;
      }
    }
    if (gain - cost <= LEAST_GAIN * loss) break;
    add(best);
    remove(cheapest);
    loss -= gain - cost;
  }
  return slots.filter((_, i) => i !== free);

  function add(j: number): void {
    const s = d[j];
    for (let l = 0; l < n; l++) v[l] = h[j * n + l];
    for (let i = 0; i < size; i++) {
      if (i === free) continue;
      const pi = p[i * n + j];
      const hi = slots[i] * n;
      if (pi !== 0) for (let l = 0; l < n; l++) v[l] -= pi * h[hi + l];
    }
    const wj = g[j] / s;
    for (let i = 0; i < size; i++) {
      if (i === free) continue;
      const f = p[i * n + j] / s;
      for (let t = 0; t < size; t++) if (t !== free) a[i * size + t] += f * p[t * n + j];
      a[i * size + free] = a[free * size + i] = -f;
    }
    for (let i = 0; i < size; i++) {
      if (i === free) continue;
      const f = p[i * n + j] / s;
      w[i] -= f * s * wj;
      for (let l = 0; l < n; l++) p[i * n + l] -= f * v[l];
    }
    a[free * size + free] = 1 / s;
    w[free] = wj;
    for (let l = 0; l < n; l++) {
      p[free * n + l] = v[l] / s;
      d[l] -= (v[l] * v[l]) / s;
      g[l] -= v[l] * wj;
    }
    slots[free] = j;
    inside[j] = 1;
    free = -1;
  }

  function remove(i: number): void {
    const pivot = a[i * size + i];
    const wi = w[i] / pivot;
    for (let l = 0; l < n; l++) {
      const x = p[i * n + l];
      d[l] += (x * x) / pivot;
      g[l] += x * wi;
    }
    for (let t = 0; t < size; t++) {
      if (t === i) continue;
      const f = a[t * size + i] / pivot;
      w[t] -= f * w[i];
      for (let l = 0; l < n; l++) p[t * n + l] -= f * p[i * n + l];
    }
    for (let t = 0; t < size; t++) {
      if (t === i) continue;
      const f = a[t * size + i] / pivot;
      for (let u = 0; u < size; u++) if (u !== i) a[t * size + u] -= f * a[i * size + u];
    }
    inside[slots[i]] = 0;
    free = i;
  }
}

interface RowState {
  readonly a: Float64Array;
  readonly p: Float64Array;
  readonly d: Float64Array;
  readonly g: Float64Array;
  readonly w: Float64Array;
  readonly loss: number;
}

/** The state of a row with one free slot at the end. */
function start(h: Float64Array, n: number, target: Float64Array, kept: Int32Array): RowState {
  const k = kept.length;
  const size = k + 1;
  const factor = cholesky(submatrix(h, n, kept), k);
  assert(factor, 'a principal submatrix of an SPD matrix is SPD');
  const inverse = inverseFromFactor(factor, k);
  const a = new Float64Array(size * size);
  for (let i = 0; i < k; i++) a.set(inverse.subarray(i * k, (i + 1) * k), i * size);

  const columns = new Float64Array(n * k);
  for (let l = 0; l < n; l++) for (let i = 0; i < k; i++) columns[l * k + i] = h[l * n + kept[i]];
  const p = new Float64Array(size * n);
  p.set(multiplyTransposed(inverse, columns, k, n, k));

  const right = multiplyTransposed(target, h, 1, n, n);
  const w = new Float64Array(size);
  for (let i = 0; i < k; i++) for (let t = 0; t < k; t++) w[i] += inverse[i * k + t] * right[kept[t]];
  const d = new Float64Array(n);
  const g = Float64Array.from(right);
  for (let l = 0; l < n; l++) {
    d[l] = h[l * n + l];
    for (let i = 0; i < k; i++) {
      d[l] -= columns[l * k + i] * p[i * n + l];
      g[l] -= columns[l * k + i] * w[i];
    }
  }
  let loss = 0;
  for (let l = 0; l < n; l++) loss += g[l] * target[l];
  return { a, p, d, g, w, loss };
}
