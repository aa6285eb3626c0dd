/** Levels whose measured costs are within limits: solve, build, measure, correct the prediction, solve again. */
import type { CostKind } from './costs.ts';
import type { Measured } from './measure.ts';
import { cheapest as cheapestOf, costOf, type Level, type Limits, lossOf, solve } from './solve.ts';

export interface Attempt<T> {
  /** Index of the level, per layer. */
  readonly levels: readonly number[];
  readonly loss: number;
  readonly measured: Measured;
  /** What the costs were predicted to be, by what was known before. */
  readonly predicted: Measured;
  readonly value: T;
}

/** Prunes to levels, builds and measures. */
export type Evaluate<T> = (
  levels: readonly number[],
) => Promise<{ readonly measured: Measured; readonly value: T }>;

export interface Found<T> {
  /** Least loss of what was within all limits. */
  readonly best: Attempt<T> | undefined;
  /** Least over the limits, where nothing is within. */
  readonly closest: Attempt<T>;
}

export interface SeekOptions {
  /** Builds at most. */
  readonly rounds: number;
  /** A limit of which so much is used is used well enough. */
  readonly use: number;
  readonly signal?: AbortSignal;
}

/** Kinds whose measurement scatters aim this much below the limit. */
const aim: Record<CostKind, number> = { bytes: 1, macs: 1, latencyMs: 0.98 };

/**
 * How costs of tables become costs of modules: `measured = base + scale · table`. Bytes and multiply-accumulates have scale 1 and
 * a base of code and whatever has no choice; the scale of time is fitted to what was measured on this host.
 */
export class Calibration {
  readonly #tables: readonly (readonly Level[])[];
  readonly #points = new Map<CostKind, { readonly table: number; readonly measured: number }[]>();

  constructor(tables: readonly (readonly Level[])[]) {
    this.#tables = tables;
  }

  add(levels: readonly number[], measured: Measured): void {
    for (const [kind, value] of Object.entries(measured) as [CostKind, number][]) {
      const list = this.#points.get(kind) ?? [];
      list.push({ table: costOf(this.#tables, levels, kind), measured: value });
      this.#points.set(kind, list);
    }
  }

  predict(levels: readonly number[], kind: CostKind): number {
    const { table, measured } = this.#last(kind);
    return measured + this.#scale(kind) * (costOf(this.#tables, levels, kind) - table);
  }

  /** What the table may add up to for the module to cost `limit`. */
  target(kind: CostKind, limit: number): number {
    const { table, measured } = this.#last(kind);
    return table + (limit - measured) / this.#scale(kind);
  }

  #last(kind: CostKind) {
    return this.#points.get(kind)!.at(-1)!;
  }

  #scale(kind: CostKind): number {
    const points = this.#points.get(kind)!;
    if (kind !== 'latencyMs' || points.length < 2) return 1;
    // Least squares; scatter of a few percent must not turn the line.
    const mean = (of: (p: (typeof points)[number]) => number) =>
      points.reduce((n, p) => n + of(p), 0) / points.length;
    const [x, y] = [mean((p) => p.table), mean((p) => p.measured)];
    const spread = mean((p) => (p.table - x) ** 2);
    const slope = mean((p) => (p.table - x) * (p.measured - y)) / spread;
    return spread > (0.02 * x) ** 2 && slope > 0 ? Math.min(20, Math.max(0.05, slope)) : 1;
  }
}

/**
 * Seeks the levels of least loss within `limits`. `calibration` knows at least one module; `evaluate` builds and measures.
 * Targets are moved until a limit is used well or the levels no longer change; a target that proved too large is an upper
 * bound for those that follow.
 */
export async function seek<T>(
  tables: readonly (readonly Level[])[],
  limits: Limits,
  calibration: Calibration,
  evaluate: Evaluate<T>,
  { rounds, use, signal }: SeekOptions,
): Promise<Found<T>> {
  const kinds = Object.keys(limits) as CostKind[];
  const tried = new Map<string, Attempt<T>>();
  const tooMuch = new Map<CostKind, number>();
  const enough = new Map<CostKind, number>();
  const targets = new Map(kinds.map((k) => [k, calibration.target(k, aim[k] * limits[k]!)]));
  const cheapest = cheapestOf(tables, limits);
  const leastLoss = tables.reduce((n, t) => n + Math.min(...t.map((l) => l.loss)), 0);
  const within = ({ measured }: Attempt<T>) => kinds.every((k) => measured[k]! <= limits[k]!);

  const attempt = async (levels: readonly number[]): Promise<Attempt<T>> => {
    const loss = lossOf(tables, levels);
    const predicted = Object.fromEntries(kinds.map((k) => [k, calibration.predict(levels, k)]));
    const made = { levels, loss, predicted, ...(await evaluate(levels)) };
    calibration.add(levels, made.measured);
    tried.set(levels.join(), made);
    return made;
  };

  while (tried.size < rounds && !(signal?.aborted && tried.size > 0)) {
    const choice = solve(tables, Object.fromEntries(targets));
    const levels = choice.feasible ? choice.levels : cheapest;
    if (tried.has(levels.join())) break;
    const last = await attempt(levels);
    const fits = within(last);
    if (fits && (last.loss <= leastLoss || kinds.some((k) => last.measured[k]! >= use * limits[k]!))) break;
    for (const k of kinds) {
      const cost = costOf(tables, levels, k);
      const over = last.measured[k]! > limits[k]!;
      if (over) tooMuch.set(k, Math.min(cost, tooMuch.get(k) ?? cost));
      else if (fits) enough.set(k, Math.max(cost, enough.get(k) ?? cost));
      const next = calibration.target(k, aim[k] * limits[k]!);
      const [low, high] = [enough.get(k), tooMuch.get(k)];
      if (over || fits)
        targets.set(
          k,
          high === undefined || next < high ? next : (Math.min(low ?? 0.95 * high, high) + high) / 2,
        );
    }
  }
  let all = [...tried.values()];
  if (!all.some(within) && !tried.has(cheapest.join()) && !signal?.aborted) {
    await attempt(cheapest);
    all = [...tried.values()];
  }
  const excess = ({ measured }: Attempt<T>) => Math.max(...kinds.map((k) => measured[k]! / limits[k]!));
  const fitting = all.filter(within);
  return {
    best: fitting.length > 0 ? fitting.reduce((a, b) => (b.loss < a.loss ? b : a)) : undefined,
    closest: all.reduce((a, b) => (excess(b) < excess(a) ? b : a)),
  };
}
