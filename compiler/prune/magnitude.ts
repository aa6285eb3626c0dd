/** Pruning without data: the smallest weights go. */
import type { ValueId } from '../ir/graph.ts';
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { type AllocationPolicy, allocate } from './math/allocate.ts';
import { assertPruned, countKept, selectMask } from './math/patterns.ts';
import type { Granularity } from './math/problem.ts';
import { magnitudeScores } from './math/scores.ts';

/** By constant: 1 where a number stays, 0 where it goes. */
export type Masks = ReadonlyMap<ValueId, Uint8Array>;

/** Weights that each layer keeps, in the order of the plans; those left alone keep all. */
export function keepCounts(
  plans: readonly LayerPlan[],
  sparsity: number,
  policy: AllocationPolicy,
): number[] {
  const open = plans.filter((p) => p.kept === undefined && p.sparsity === undefined);
  const total = open.reduce((n, p) => n + p.layer.weights.length, 0);
  const allocated = allocate(
    open.map((p) => ({ weights: p.layer.weights, dims: p.layer.shape })),
    Math.round((1 - sparsity) * total),
    policy,
  );
  return plans.map((p) => {
    const size = p.layer.weights.length;
    if (p.kept !== undefined) return size;
    if (p.sparsity !== undefined) return Math.round((1 - p.sparsity) * size);
    return Math.max(allocated[open.indexOf(p)], Math.ceil(p.floor * size));
  });
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
