/** The solver on tables alone, and the search over a machine that costs something else than predicted. */
import { describe, expect, test } from 'vitest';
import type { CostKind } from '../../compiler/budget/costs.ts';
import { Calibration, seek } from '../../compiler/budget/seek.ts';
import { costOf, type Level, type Limits, solve } from '../../compiler/budget/solve.ts';
import { random } from '../../compiler/ir/random.ts';

const kinds: readonly CostKind[] = ['bytes', 'macs', 'latencyMs'];

/** Levels from whole to almost nothing: costs fall, losses rise, each layer in its own way. */
function tablesOf(seed: number, layers: number, levels: number): Level[][] {
  const rng = random(seed);
  return Array.from({ length: layers }, () => {
    const [size, weight, bend] = [1 + 99 * rng.next(), rng.next(), 0.5 + 2 * rng.next()];
    return Array.from({ length: levels }, (_, i) => {
      const density = (1 - i / levels) * (1 - 0.2 * rng.next());
      const of = (scale: number) => (i === 0 ? 1 : density) * size * scale;
      const costs = { bytes: of(80), macs: of(1000 * bend), latencyMs: of(0.01 / bend) };
      return { sparsity: i / levels, loss: weight * (i / levels) ** bend, costs };
    });
  });
}

function exhaustive(tables: readonly (readonly Level[])[], limits: Limits): number {
  const names = Object.keys(limits) as CostKind[];
  const walk = (l: number, spent: number[], loss: number): number => {
    if (names.some((k, i) => spent[i] > limits[k]!)) return Infinity;
    if (l === tables.length) return loss;
    return Math.min(
      ...tables[l].map((v) =>
        walk(
          l + 1,
          names.map((k, i) => spent[i] + v.costs[k]),
          loss + v.loss,
        ),
      ),
    );
  };
  return walk(
    0,
    names.map(() => 0),
    0,
  );
}

const whole = (tables: readonly (readonly Level[])[], kind: CostKind) =>
  costOf(
    tables,
    tables.map(() => 0),
    kind,
  );

describe('one limit', () => {
  test('is never exceeded, and what is lost is next to the least possible', () => {
    for (let seed = 0; seed < 40; seed += 4) {
      const tables = tablesOf(seed, 4, 6);
      for (const kind of kinds) {
        const limits = { [kind]: whole(tables, kind) * (0.1 + 0.02 * seed) };
        const best = exhaustive(tables, limits);
        const found = solve(tables, limits);
        expect(found.feasible).toBe(best < Infinity);
        if (!found.feasible) continue;
        expect(costOf(tables, found.levels, kind)).toBeLessThanOrEqual(limits[kind]!);
        expect(found.loss).toBeLessThanOrEqual(best * 1.001 + 1e-12);
      }
    }
  });

  test('that is larger never loses more', () => {
    for (let seed = 0; seed < 3; seed++) {
      const tables = tablesOf(seed, 6, 15);
      let before = Infinity;
      for (let share = 0.02; share < 1.1; share += 0.031) {
        const found = solve(tables, { bytes: whole(tables, 'bytes') * share });
        if (!found.feasible) continue;
        expect(found.loss).toBeLessThanOrEqual(before + 1e-12);
        before = found.loss;
      }
      expect(before).toBe(0);
    }
  });

  test('of nothing gives the cheapest levels', () => {
    const tables = tablesOf(3, 5, 6);
    const { levels, feasible } = solve(tables, { macs: 0 });
    expect(feasible).toBe(false);
    const least = tables.reduce((n, t) => n + Math.min(...t.map((l) => l.costs.macs)), 0);
    expect(costOf(tables, levels, 'macs')).toBeCloseTo(least, 6);
  });
});

describe('several limits', () => {
  test('are all kept, and what is lost is near the least possible', () => {
    let met = 0;
    for (let seed = 0; seed < 25; seed++) {
      const tables = tablesOf(seed, 4, 6);
      const limits = {
        bytes: whole(tables, 'bytes') * (0.3 + 0.02 * seed),
        latencyMs: whole(tables, 'latencyMs') * (0.9 - 0.02 * seed),
      };
      const best = exhaustive(tables, limits);
      const found = solve(tables, limits);
      if (best === Infinity) expect(found.feasible).toBe(false);
      if (!found.feasible) continue;
      met++;
      for (const kind of ['bytes', 'latencyMs'] as const)
        expect(costOf(tables, found.levels, kind)).toBeLessThanOrEqual(limits[kind] * (1 + 1e-6));
      expect(found.loss).toBeLessThanOrEqual(best * 1.35 + 0.02);
    }
    expect(met).toBeGreaterThan(20);
  });
});

describe('seeking', () => {
  /** A machine that takes three times the predicted time, a bit more where little is left, and some for itself. */
  const machine = (tables: readonly (readonly Level[])[]) => async (levels: readonly number[]) => {
    const table = costOf(tables, levels, 'latencyMs');
    return { measured: { latencyMs: 0.4 + 3 * table ** 0.95 }, value: levels };
  };

  test.each([0.15, 0.3, 0.5, 0.8])(
    'uses the limit, %d of the whole network, and stays within',
    async (share) => {
      for (let seed = 0; seed < 10; seed++) {
        const tables = tablesOf(seed, 8, 60);
        const evaluate = machine(tables);
        const calibration = new Calibration(tables);
        const dense = tables.map(() => 0);
        const { measured } = await evaluate(dense);
        calibration.add(dense, measured);
        const limits = { latencyMs: 0.4 + share * (measured.latencyMs - 0.4) };
        const { best } = await seek(tables, limits, calibration, evaluate, { rounds: 10, use: 0.95 });
        expect(best!.measured.latencyMs).toBeLessThanOrEqual(limits.latencyMs);
        expect(best!.measured.latencyMs).toBeGreaterThan(0.93 * limits.latencyMs);
      }
    },
  );

  test('says what comes closest where nothing fits', async () => {
    const tables = tablesOf(1, 4, 20);
    const evaluate = machine(tables);
    const calibration = new Calibration(tables);
    const dense = tables.map(() => 0);
    calibration.add(dense, (await evaluate(dense)).measured);
    const { best, closest } = await seek(tables, { latencyMs: 0.41 }, calibration, evaluate, {
      rounds: 10,
      use: 0.95,
    });
    expect(best).toBeUndefined();
    const least = tables.reduce((n, t) => n + Math.min(...t.map((l) => l.costs.latencyMs)), 0);
    expect(costOf(tables, closest.levels, 'latencyMs')).toBeCloseTo(least, 9);
  });
});
