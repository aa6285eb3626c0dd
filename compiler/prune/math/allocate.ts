/** How many weights each layer keeps, before any calibration: exact totals, no layer emptied. */
import { assert } from '../../errors.ts';
import { dropLowest, roundShares } from './order.ts';
import { countKept } from './patterns.ts';
import { lampScores, magnitudeScores } from './scores.ts';

export interface AllocationLayer {
  readonly weights: Float32Array | Float64Array;
  /** Extents of the weight tensor, as `[kh, kw, cin, cout]` or `[in, out]`; only ERK reads them. */
  readonly dims: readonly number[];
}

export const allocationPolicies = ['uniform', 'global', 'erk', 'lamp'] as const;

export type AllocationPolicy = (typeof allocationPolicies)[number];

/**
 * Weights kept per layer, summing to exactly `keep` (raised to the sum of the floors where it is below). The floor of a
 * layer is 1 % of its weights, or a quarter of the density that all have together where that is less; 16 at least, or all of them.
 */
export function allocate(
  layers: readonly AllocationLayer[],
  keep: number,
  policy: AllocationPolicy,
): number[] {
  const sizes = layers.map((l) => l.weights.length);
  const least = Math.min(0.01, keep / (4 * sum(sizes)));
  const floors = sizes.map((n) => Math.min(n, Math.max(16, Math.ceil(n * least))));
  const total = Math.min(sum(sizes), Math.max(Math.round(keep), sum(floors)));
  switch (policy) {
    case 'uniform':
      return withFloors(
        sizes.map((n) => (n * total) / sum(sizes)),
        sizes,
        floors,
        total,
      );
    case 'erk':
      return withFloors(erkShares(layers, sizes, total), sizes, floors, total);
    case 'global':
      return byThreshold(
        layers.map((l) => magnitudeScores(l.weights)),
        floors,
        total,
      );
    case 'lamp':
      return byThreshold(
        layers.map((l) => lampScores(l.weights)),
        floors,
        total,
      );
  }
}

/** One ranking over all layers; the best `floor` weights of each layer are out of the contest. */
function byThreshold(scores: readonly Float64Array[], floors: readonly number[], total: number): number[] {
  const all = new Float64Array(sum(scores.map((s) => s.length)));
  const starts: number[] = [];
  let start = 0;
  scores.forEach((layer, l) => {
    starts.push(start);
    const best = new Uint8Array(layer.length).fill(1);
    dropLowest(layer, layer.length - floors[l], best);
    for (let i = 0; i < layer.length; i++) all[start + i] = best[i] ? Infinity : layer[i];
    start += layer.length;
  });
  const kept = new Uint8Array(all.length).fill(1);
  dropLowest(all, all.length - total, kept);
  return scores.map((s, l) => countKept(kept.subarray(starts[l], starts[l] + s.length)));
}

/**
 * Erdős–Rényi-Kernel: density ∝ Σ dims / Π dims; a layer that would exceed density 1 is dense and the rest is solved
 * again. Evci et al. 2020, RigL.
 */
function erkShares(layers: readonly AllocationLayer[], sizes: readonly number[], total: number): number[] {
  const raw = layers.map((l) => sum(l.dims));
  const dense = new Set<number>();
  for (;;) {
    const open = sizes.map((_, i) => i).filter((i) => !dense.has(i));
    const left = total - sum([...dense].map((i) => sizes[i]));
    const scale = left / sum(open.map((i) => raw[i]));
    const over = open.filter((i) => raw[i] * scale > sizes[i]);
    for (const i of over) dense.add(i);
    if (over.length === 0) return sizes.map((n, i) => (dense.has(i) ? n : raw[i] * scale));
  }
}

/** Shares rounded to whole weights; layers below their floor are fixed there and the others give way in proportion. */
function withFloors(
  shares: readonly number[],
  sizes: readonly number[],
  floors: readonly number[],
  total: number,
): number[] {
  const low = new Set<number>();
  for (;;) {
    const open = sizes.map((_, i) => i).filter((i) => !low.has(i));
    const left = total - sum([...low].map((i) => floors[i]));
    const scale = left / sum(open.map((i) => shares[i]));
    const under = open.filter((i) => shares[i] * scale < floors[i]);
    for (const i of under) low.add(i);
    if (under.length > 0) continue;
    const scaled = shares.map((s, i) => (low.has(i) ? floors[i] : s * scale));
    const counts = roundShares(scaled, sizes, total);
    assert(sum(counts) === total, 'the shares of the layers do not add up');
    return counts;
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
