/** One choice per layer, least total loss within a budget: the allocation that can honour bytes, MACs or milliseconds. */
import { assert } from '../../errors.ts';
import { uniform } from './random.ts';

/** What one level of one layer costs (bytes, MACs, ms, weights) and loses. */
export interface LevelCost {
  readonly cost: number;
  readonly loss: number;
}

export interface Choice {
  /** Index of the chosen level, per layer. */
  readonly levels: number[];
  readonly cost: number;
  readonly loss: number;
  /** False: even the cheapest levels exceed the budget, and these are they. */
  readonly feasible: boolean;
}

/**
 * The choice of least loss with total cost ≤ `budget`, by dynamic programming over `buckets` slices of the budget. Costs
 * are rounded up to slices, so the budget is never exceeded; what rounding wasted is then spent greedily. Exact where all
 * costs and the budget are integers and the budget is at most `buckets`. Ties go to the earlier level.
 */
export function knapsack(
  tables: readonly (readonly LevelCost[])[],
  budget: number,
  buckets = 10_000,
): Choice {
  assert(
    tables.every((t) => t.length > 0 && t.every((l) => l.cost >= 0 && Number.isFinite(l.loss))),
    'every layer has levels with costs ≥ 0 and finite losses',
  );
  const fallback = () => {
    const choice = summarise(tables, tables.map(cheapest), budget);
    return choice.feasible ? spend(tables, choice, budget) : choice;
  };
  if (budget <= 0) return fallback();
  const integral = Number.isInteger(budget) && tables.every((t) => t.every((l) => Number.isInteger(l.cost)));
  const exact = integral && budget <= buckets;
  const slices = exact ? budget : buckets;
  // A hair under the true width, so that rounding in the sums can't carry a choice past the budget.
  const slice = exact ? 1 : (budget / slices) * (1 - 1e-12);
  const used = (cost: number) => Math.ceil(cost / slice);

  let best = new Float64Array(slices + 1);
  const picks: Int16Array[] = [];
  for (const levels of tables) {
    const next = new Float64Array(slices + 1).fill(Infinity);
    const pick = new Int16Array(slices + 1).fill(-1);
    levels.forEach(({ cost, loss }, i) => {
      const width = used(cost);
      for (let b = width; b <= slices; b++) {
        const total = best[b - width] + loss;
        if (total < next[b]) {
          next[b] = total;
          pick[b] = i;
        }
      }
    });
    picks.push(pick);
    best = next;
  }

  if (!(best[slices] < Infinity)) return fallback();
  const levels = new Array<number>(tables.length);
  for (let l = tables.length - 1, b = slices; l >= 0; l--) {
    levels[l] = picks[l][b];
    b -= used(tables[l][levels[l]].cost);
  }
  return spend(tables, summarise(tables, levels, budget), budget);
}

export interface Refined extends Choice {
  /** What `evaluate` said of it. */
  readonly score: number;
}

export interface RefineOptions {
  readonly trials?: number;
  readonly seed?: number;
  readonly buckets?: number;
}

/**
 * Corrects the assumption that losses of layers add up: every layer's losses are multiplied by a coefficient in (0, 1], the
 * knapsack is solved, and the stitched model is scored by `evaluate` (lower is better). Random coefficients first, then a
 * local search that redraws a tenth of them. Frantar & Alistarh 2022, SPDY. The plain solution competes too.
 */
export async function refineAllocation(
  tables: readonly (readonly LevelCost[])[],
  budget: number,
  evaluate: (levels: readonly number[]) => number | Promise<number>,
  { trials = 100, seed = 1, buckets = 10_000 }: RefineOptions = {},
): Promise<Refined> {
  const random = uniform(seed);
  const seen = new Map<string, number>();
  const attempt = async (coefficients: readonly number[]): Promise<Refined> => {
    const scaled = tables.map((t, l) => t.map(({ cost, loss }) => ({ cost, loss: loss * coefficients[l] })));
    const { levels } = knapsack(scaled, budget, buckets);
    const key = levels.join();
    const score = seen.get(key) ?? (await evaluate(levels));
    seen.set(key, score);
    return { ...summarise(tables, levels, budget), score };
  };
  let coefficients = tables.map(() => 1);
  let best = await attempt(coefficients);
  const redrawn = Math.max(1, Math.round(tables.length / 10));
  for (let trial = 0; trial < trials; trial++) {
    const next = [...coefficients];
    const count = trial < trials / 2 ? tables.length : redrawn;
    for (let i = 0; i < count; i++) {
      const l = count === tables.length ? i : Math.floor(random() * tables.length);
      next[l] = 1 - random();
    }
    const tried = await attempt(next);
    if (tried.score < best.score) {
      best = tried;
      coefficients = next;
    }
  }
  return best;
}

function summarise(tables: readonly (readonly LevelCost[])[], levels: number[], budget: number): Choice {
  let cost = 0;
  let loss = 0;
  levels.forEach((level, l) => {
    cost += tables[l][level].cost;
    loss += tables[l][level].loss;
  });
  return { levels, cost, loss, feasible: cost <= budget };
}

/** Moves single layers to better levels, the largest gain first, while the budget allows. */
function spend(tables: readonly (readonly LevelCost[])[], start: Choice, budget: number): Choice {
  let choice = start;
  for (;;) {
    let best = choice;
    choice.levels.forEach((level, l) => {
      tables[l].forEach((other, i) => {
        if (other.loss >= tables[l][level].loss) return;
        const next = summarise(tables, choice.levels.with(l, i), budget);
        if (next.feasible && next.loss < best.loss) best = next;
      });
    });
    if (best === choice) return choice;
    choice = best;
  }
}

function cheapest(levels: readonly LevelCost[]): number {
  let best = 0;
  levels.forEach((level, i) => {
    const than = levels[best];
    if (level.cost < than.cost || (level.cost === than.cost && level.loss < than.loss)) best = i;
  });
  return best;
}
