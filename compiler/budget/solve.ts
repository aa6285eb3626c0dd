/** One level for every layer: least loss within limits on costs. */
import { knapsack, type LevelCost } from '../prune/math/knapsack.ts';
import type { CostKind, Costs } from './costs.ts';

export interface Level {
  readonly sparsity: number;
  readonly loss: number;
  readonly costs: Costs;
}

export type Limits = Readonly<Partial<Record<CostKind, number>>>;

export interface Solution {
  /** Index of the level, per layer. */
  readonly levels: readonly number[];
  readonly loss: number;
  /** False: the levels are the cheapest, and exceed a limit. */
  readonly feasible: boolean;
}

/** Slices of what the dearest levels cost; fixed, so that a larger limit never gives a larger loss. */
const slices = { one: 20_000, several: 4_000 } as const;
/** Shares of one limit against another that are tried. */
const weights = Array.from({ length: 11 }, (_, i) => i / 10);

/**
 * The levels of least loss whose costs are within all of `limits`, exact up to the rounding of costs to slices. With several
 * limits, the best of the solutions of their weighted sums that meet all. `feasible` is false where nothing found does: then
 * the levels are the cheapest.
 */
export function solve(tables: readonly (readonly Level[])[], limits: Limits): Solution {
  const kinds = Object.keys(limits) as CostKind[];
  const nothing = (): Solution => {
    const levels = cheapest(tables, limits);
    return { levels, loss: lossOf(tables, levels), feasible: false };
  };
  if (kinds.some((kind) => !(limits[kind]! > 0))) return nothing();
  if (kinds.length === 1)
    return within(tables, ({ costs }) => costs[kinds[0]], limits[kinds[0]]!, slices.one);
  const share = (kind: CostKind) => (l: Level) => l.costs[kind] / limits[kind]!;
  const sums = mixtures(kinds.length).map((mix) => (l: Level) => {
    return kinds.reduce((n, kind, k) => n + mix[k] * share(kind)(l), 0);
  });
  const dearest = (l: Level) => Math.max(...kinds.map((kind) => share(kind)(l)));
  const tried = [...sums, dearest].map((cost) => within(tables, cost, 1, slices.several));
  const meets = ({ levels }: Solution) =>
    kinds.every((kind) => costOf(tables, levels, kind) <= limits[kind]! * (1 + 1e-9));
  const met = tried.filter((c) => c.feasible && meets(c));
  return met.length === 0 ? nothing() : met.reduce((a, b) => (b.loss < a.loss ? b : a));
}

/** The levels that cost least; of several kinds, the least sum of shares of `limits`. */
export function cheapest(tables: readonly (readonly Level[])[], limits: Limits): number[] {
  const kinds = Object.keys(limits) as CostKind[];
  const cost = (l: Level) =>
    kinds.reduce((n, kind) => n + (kinds.length === 1 ? l.costs[kind] : l.costs[kind] / limits[kind]!), 0);
  return tables.map((levels) =>
    levels.reduce((best, l, i) => {
      const [own, least] = [cost(l), cost(levels[best])];
      return own < least || (own === least && l.loss < levels[best].loss) ? i : best;
    }, 0),
  );
}

export const costOf = (
  tables: readonly (readonly Level[])[],
  levels: readonly number[],
  kind: CostKind,
): number => levels.reduce((n, level, l) => n + tables[l][level].costs[kind], 0);

export const lossOf = (tables: readonly (readonly Level[])[], levels: readonly number[]): number =>
  levels.reduce((n, level, l) => n + tables[l][level].loss, 0);

function within(
  tables: readonly (readonly Level[])[],
  cost: (l: Level) => number,
  limit: number,
  count: number,
): Solution {
  const slice = tables.reduce((n, t) => n + Math.max(...t.map(cost)), 0) / count || 1;
  const counted = tables.map((t) =>
    t.map((l): LevelCost => ({ cost: Math.ceil(cost(l) / slice - 1e-9), loss: l.loss })),
  );
  const most = counted.reduce((n, t) => n + Math.max(...t.map((l) => l.cost)), 0);
  const budget = Math.max(0, Math.min(most, Math.floor(limit / slice + 1e-9)));
  return knapsack(counted, budget, most);
}

/** Non-negative weights that add up to one. */
function mixtures(n: number): number[][] {
  if (n === 1) return [[1]];
  return weights.flatMap((w) => mixtures(n - 1).map((rest) => [w, ...rest.map((r) => r * (1 - w))]));
}
