/** The most that can go while answers stay as good as asked for. */
import { overBudget } from '../errors.ts';
import type { Model } from '../model.ts';
import type { CostKind } from './costs.ts';
import type { Attempt, Evaluate } from './seek.ts';
import { cheapest, costOf, type Level, lossOf, solve } from './solve.ts';
import { amounts } from './text.ts';

/** Halvings of the range of costs. */
const halvings = 7;

/** Points lost on the samples that decide: of accuracy with labels, of answers equal to the dense network's without. */
export function dropOf({ pruning }: Model): number {
  const { top1, accuracy, denseAccuracy } = pruning!.report!.decided!;
  return 100 * (accuracy === undefined ? 1 - top1 : denseAccuracy! - accuracy);
}

/**
 * Halves the range of costs of one kind, from the cheapest levels to the whole network, as ratios; every trial is pruned in
 * full. The cheapest that drops no more than `limit` points.
 */
export async function meetDrop(
  tables: readonly (readonly Level[])[],
  kind: CostKind,
  limit: number,
  evaluate: Evaluate<Model>,
  signal?: AbortSignal,
): Promise<Attempt<Model>> {
  const whole = tables.map(() => 0);
  const tried = new Map<string, Attempt<Model>>();
  const attempt = async (levels: readonly number[]): Promise<Attempt<Model>> => {
    const key = levels.join();
    const made = tried.get(key) ?? {
      levels,
      loss: lossOf(tables, levels),
      predicted: {},
      ...(await evaluate(levels)),
    };
    tried.set(key, made);
    return made;
  };
  let low = Math.max(costOf(tables, cheapest(tables, { [kind]: 1 }), kind), Number.MIN_VALUE);
  let high = Math.max(costOf(tables, whole, kind), low);
  let best: Attempt<Model> | undefined;
  for (let i = 0; i < halvings && high > 1.01 * low && !signal?.aborted; i++) {
    const middle = Math.sqrt(low * high);
    const made = await attempt(solve(tables, { [kind]: middle }).levels);
    if (dropOf(made.value) <= limit) {
      best = made;
      high = middle;
    } else low = middle;
  }
  best ??= await attempt(whole);
  if (dropOf(best.value) > limit) {
    throw overBudget(
      `${amounts({ drop: limit })} can't be kept to: with nothing pruned beyond the rules it is ${amounts({ drop: dropOf(best.value) })}`,
      'lower the sparsities that rules ask for',
    );
  }
  return best;
}
