/** Pruning without data: the smallest weights go. */
import type { ValueId } from '../ir/graph.ts';
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { type AllocationPolicy, allocate } from './math/allocate.ts';
import { assertPruned, countKept, selectMask } from './math/patterns.ts';
import type { Granularity } from './math/problem.ts';
import { magnitudeScores } from './math/scores.ts';

/** By constant: 1 where a number stays, 0 where it goes. */
export type Masks = ReadonlyMap<ValueId, Uint8Array>;

/** Weights that each layer keeps, in the order of the plans: those left alone keep all, no layer less than its floor. */
export function keepCounts(
  plans: readonly LayerPlan[],
  sparsity: number,
  policy: AllocationPolicy,
): number[] {
  const fixed = new Map<LayerPlan, number>();
  for (const p of plans) {
    const size = p.layer.weights.length;
    if (p.kept !== undefined) fixed.set(p, size);
    else if (p.sparsity !== undefined) fixed.set(p, Math.round((1 - p.sparsity) * size));
  }
  const shared = plans.filter((p) => !fixed.has(p));
  const total = Math.round((1 - sparsity) * shared.reduce((n, p) => n + p.layer.weights.length, 0));
  // A layer at its floor leaves less for the others, which may bring more of them to theirs.
  for (;;) {
    const open = shared.filter((p) => !fixed.has(p));
    const left = total - shared.reduce((n, p) => n + (fixed.get(p) ?? 0), 0);
    const counts = allocate(
      open.map((p) => ({ weights: p.layer.weights, dims: p.layer.shape })),
      left,
      policy,
    );
    const floorOf = (p: LayerPlan) => Math.ceil(p.floor * p.layer.weights.length);
    const low = open.filter((p, i) => counts[i] < floorOf(p));
    for (const p of low) fixed.set(p, floorOf(p));
    if (low.length === 0) return plans.map((p) => fixed.get(p) ?? counts[open.indexOf(p)]);
  }
}

/** Flags of the weights that stay: the largest, in groups of the granularity. */
export const magnitudeMask = (l: PrunableLayer, granularity: Granularity, keep: number): Uint8Array =>
  selectMask(magnitudeScores(l.weights), l.rows, l.cols, granularity, keep);

/** Flags of the weights of at least this magnitude. */
export const thresholdMask = (l: PrunableLayer, threshold: number): Uint8Array =>
  Uint8Array.from(l.weights, (w) => (Math.abs(w) >= threshold ? 1 : 0));

/** Literal zeros where the mask drops. */
export function masked(weights: Float32Array, mask: Uint8Array): Float32Array {
  const out = weights.map((w, i) => (mask[i] ? w : 0));
  assertPruned(out, mask, countKept(mask));
  return out;
}
