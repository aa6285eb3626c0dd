import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AllocationPolicy, allocate } from '../../compiler/prune/math/allocate.ts';
import { knapsack, type LevelCost, refineAllocation } from '../../compiler/prune/math/knapsack.ts';
import { ascendingOrder } from '../../compiler/prune/math/order.ts';
import { applyMask, assertPruned, countKept, selectMask } from '../../compiler/prune/math/patterns.ts';
import { uniform } from '../../compiler/prune/math/random.ts';
import { constantSparsity, cubicSparsity } from '../../compiler/prune/math/schedule.ts';
import { lampScores, taylorScores, wandaScores } from '../../compiler/prune/math/scores.ts';
import { normals } from './reference.ts';

const layer = (seed: number, dims: number[], scale = 1) => {
  const normal = normals(seed);
  return {
    dims,
    weights: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => scale * normal()),
  };
};
const layers = [
  layer(1, [3, 3, 4, 8]),
  layer(2, [3, 3, 8, 32], 0.3),
  layer(3, [1, 1, 32, 16], 3),
  layer(4, [64, 10]),
];
const total = layers.reduce((s, l) => s + l.weights.length, 0);
const sum = (v: number[]) => v.reduce((a, b) => a + b, 0);

describe('scores', () => {
  test('LAMP is the definition: u over the sum of squares that are not smaller', () => {
    const { weights } = layer(7, [40]);
    const scores = lampScores(weights);
    weights.forEach((w, i) => {
      const larger = [...weights].filter((v) => Math.abs(v) >= Math.abs(w)).reduce((s, v) => s + v * v, 0);
      expect(scores[i]).toBeCloseTo((w * w) / larger, 12);
    });
    expect(Math.max(...scores)).toBe(1);
    expect(lampScores(new Float32Array(3))).toEqual(new Float64Array(3));
  });

  test('Wanda and Taylor', () => {
    expect([...wandaScores([2, -3] as never, Float64Array.of(4, 1, 1, 9), 2)]).toEqual([4, 9]);
    expect([...taylorScores(Float64Array.of(2, -3), Float64Array.of(0.5, 2))]).toEqual([1, 36]);
  });

  test('order: ascending, ties by index', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (values) => {
        const expected = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b);
        expect([...ascendingOrder(Float64Array.from(values))]).toEqual(expected);
      }),
    );
  });
});

describe('allocation', () => {
  const policies: AllocationPolicy[] = ['uniform', 'global', 'erk', 'lamp'];

  test.each(policies)('%s: exact total, floors, no layer over its size', (policy) => {
    for (const density of [1, 0.5, 0.2, 0.1, 0.03]) {
      const keep = Math.round(density * total);
      const counts = allocate(layers, keep, policy);
      const least = Math.min(0.01, keep / (4 * total));
      const floors = layers.map((l) => Math.max(16, Math.ceil(l.weights.length * least)));
      expect(sum(counts)).toBe(Math.max(keep, sum(floors)));
      counts.forEach((c, l) => {
        expect(c).toBeGreaterThanOrEqual(floors[l]);
        expect(c).toBeLessThanOrEqual(layers[l].weights.length);
      });
    }
    expect(sum(allocate(layers, 0, policy))).toBe(4 * 16);
  });

  test.each(policies)('%s: floors leave room for 99 % and more', (policy) => {
    const wide = [layer(5, [50, 500]), layer(6, [800, 50]), layer(7, [50, 10])];
    const weights = sum(wide.map((l) => l.weights.length));
    for (const sparsity of [0.98, 0.99, 0.995]) {
      const keep = Math.round((1 - sparsity) * weights);
      expect(sum(allocate(wide, keep, policy))).toBe(keep);
    }
  });

  test('global keeps the largest weights of all layers', () => {
    const counts = allocate(layers, 1800, 'global');
    const all = layers.flatMap((l) => [...l.weights].map(Math.abs)).sort((a, b) => b - a);
    expect(counts).toEqual(layers.map((l) => l.weights.filter((w) => Math.abs(w) >= all[1799]).length));
  });

  test('LAMP does not depend on the scale of a layer; global does', () => {
    const scaled = layers.map((l, i) => ({ ...l, weights: l.weights.map((w) => w * 2 ** i) }));
    expect(allocate(scaled, 800, 'lamp')).toEqual(allocate(layers, 800, 'lamp'));
    expect(allocate(scaled, 800, 'global')).not.toEqual(allocate(layers, 800, 'global'));
  });

  test('ERK: densities in the ratio of Σ dims / Π dims, full layers capped', () => {
    for (const density of [0.3, 0.56, 0.8]) {
      const counts = allocate(layers, Math.round(density * total), 'erk');
      const all = layers.map((l, i) => ({ raw: sum(l.dims), count: counts[i], size: l.weights.length }));
      const open = all.filter((o) => o.count < o.size).map((o) => o.count / o.raw);
      expect(Math.max(...open) / Math.min(...open)).toBeLessThan(1.02);
      for (const o of all) expect((o.raw * Math.max(...open)) / o.size >= 1 - 1e-2).toBe(o.count === o.size);
    }
  });

  test('uniform: the same density everywhere', () => {
    allocate(layers, total / 4, 'uniform').forEach((c, l) => {
      expect(Math.abs(c - layers[l].weights.length / 4)).toBeLessThanOrEqual(1);
    });
  });
});

describe('masks', () => {
  test('exact counts under ties, the lowest dropped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, cols, stream, share) => {
          const scores = Float64Array.from([...stream.take(rows * cols)]);
          const keep = Math.round(share * rows * cols);
          for (const perRow of [false, true]) {
            const mask = selectMask(scores, rows, cols, { kind: 'element' }, keep, { perRow });
            expect(countKept(mask)).toBe(keep);
          }
          const mask = selectMask(scores, rows, cols, { kind: 'element' }, keep);
          const kept = scores.filter((_, i) => mask[i]);
          const dropped = scores.filter((_, i) => !mask[i]);
          if (kept.length && dropped.length)
            expect(Math.max(...dropped)).toBeLessThanOrEqual(Math.min(...kept));
        },
      ),
    );
  });

  test('blocks are whole, within the count, and no further block would fit the wish', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, cols, r, c, seed, share) => {
          const scores = Float64Array.from({ length: rows * cols }, uniform(seed));
          const keep = Math.round(share * rows * cols);
          const mask = selectMask(scores, rows, cols, { kind: 'block', rows: r, cols: c }, keep);
          expect(countKept(mask)).toBeLessThanOrEqual(keep);
          expect(countKept(mask)).toBeGreaterThan(keep - r * c);
          for (let i = 0; i < rows; i++) {
            for (let k = 0; k < cols; k++)
              expect(mask[i * cols + k]).toBe(mask[(i - (i % r)) * cols + k - (k % c)]);
          }
        },
      ),
    );
  });

  test('N:M keeps the N largest of every M', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(7),
        fc.integer(),
        (rows, cols, of, less, seed) => {
          const keep = Math.max(0, of - less);
          const scores = Float64Array.from({ length: rows * cols }, uniform(seed));
          const mask = selectMask(scores, rows, cols, { kind: 'nm', keep, of }, 0);
          for (let r = 0; r < rows; r++) {
            for (let k = 0; k < cols; k += of) {
              const [from, to] = [r * cols + k, r * cols + Math.min(k + of, cols)];
              const expected = Math.min(keep, to - from);
              const group = scores.slice(from, to);
              expect(countKept(mask.slice(from, to))).toBe(expected);
              const threshold = group.toSorted().at(-expected);
              if (expected > 0)
                expect([...mask.slice(from, to)]).toEqual(Array.from(group, (s) => Number(s >= threshold!)));
            }
          }
        },
      ),
    );
  });

  test('a row keeps its floor', () => {
    const scores = Float64Array.of(1, 2, 3, 10, 20, 30);
    expect([...selectMask(scores, 2, 3, { kind: 'element' }, 3, { rowFloor: 1 })]).toEqual([
      0, 0, 1, 0, 1, 1,
    ]);
    expect([...selectMask(scores, 2, 3, { kind: 'element' }, 0, { rowFloor: 1 })]).toEqual([
      0, 0, 1, 0, 0, 1,
    ]);
  });

  test('pruned weights are +0; a mock pruner that shrinks is rejected', () => {
    const weights = Float64Array.of(-1, 2, -3, 4);
    const mask = Uint8Array.of(0, 1, 0, 1);
    const pruned = applyMask(weights, mask);
    expect(Object.is(pruned[0], 0)).toBe(true);
    assertPruned(pruned, mask, 2);
    const shrink = weights.map((w) => w * 0.9999);
    expect(() => assertPruned(shrink, mask, 2)).toThrow('2 pruned weights are not zero');
    expect(() => assertPruned(pruned, mask, 1)).toThrow('2 weights are kept where 1 were asked for');
  });
});

describe('schedule', () => {
  const ramp = { from: 0.1, to: 0.9, begin: 10, end: 110 };
  test('cubic: ends, middle, monotone', () => {
    expect(cubicSparsity(0, ramp)).toBeCloseTo(0.1, 12);
    expect(cubicSparsity(60, ramp)).toBeCloseTo(0.9 - 0.8 / 8, 12);
    expect(cubicSparsity(110, ramp)).toBe(0.9);
    expect(cubicSparsity(1e6, ramp)).toBe(0.9);
    for (let t = 10; t < 110; t++) expect(cubicSparsity(t + 1, ramp)).toBeGreaterThan(cubicSparsity(t, ramp));
    expect(cubicSparsity(5, { ...ramp, begin: 5, end: 5 })).toBe(0.9);
  });
  test('constant', () => {
    expect([9, 10, 11].map((t) => constantSparsity(t, ramp))).toEqual([0.1, 0.9, 0.9]);
  });
});

describe('knapsack', () => {
  const random = (seed: number, count: number, levels: number, integral: boolean): LevelCost[][] => {
    const u = uniform(seed);
    return Array.from({ length: count }, () =>
      Array.from({ length: levels }, () => ({ cost: integral ? Math.floor(u() * 50) : u() * 50, loss: u() })),
    );
  };
  const exhaustive = (tables: LevelCost[][], budget: number): number => {
    const walk = (l: number, cost: number, loss: number): number => {
      if (cost > budget) return Infinity;
      if (l === tables.length) return loss;
      return Math.min(...tables[l].map((t) => walk(l + 1, cost + t.cost, loss + t.loss)));
    };
    return walk(0, 0, 0);
  };

  test('equals exhaustive search on 4 layers × 5 levels, within the budget', () => {
    for (let seed = 0; seed < 60; seed++) {
      const tables = random(seed, 4, 5, true);
      const budget = 20 + ((seed * 7) % 150);
      const best = exhaustive(tables, budget);
      const choice = knapsack(tables, budget);
      expect(choice.feasible).toBe(best < Infinity);
      if (choice.feasible) expect(choice.loss).toBeCloseTo(best, 12);
      if (choice.feasible) expect(choice.cost).toBeLessThanOrEqual(budget);
      expect(choice.cost).toBe(sum(choice.levels.map((level, l) => tables[l][level].cost)));
    }
  });

  test('never exceeds a real-valued budget, however coarse the buckets, and fine ones are near the optimum', () => {
    for (let seed = 0; seed < 60; seed++) {
      const tables = random(seed, 4, 5, false);
      const budget = 25 + seed * 2;
      const best = exhaustive(tables, budget);
      for (const buckets of [10, 10_000]) {
        const choice = knapsack(tables, budget, buckets);
        if (choice.feasible) expect(choice.cost).toBeLessThanOrEqual(budget);
        else expect(best).toBe(Infinity);
        if (buckets > 10 && best < Infinity) expect(choice.loss).toBeLessThanOrEqual(best * 1.02 + 1e-9);
      }
    }
  });

  test('says when nothing fits, and what comes closest', () => {
    const tables = random(3, 4, 5, true).map((t) => t.map((l) => ({ ...l, cost: l.cost + 10 })));
    const choice = knapsack(tables, 39);
    expect(choice.feasible).toBe(false);
    expect(choice.cost).toBe(sum(tables.map((t) => Math.min(...t.map((l) => l.cost)))));
  });

  test('refining finds interactions that single losses hide, and repeats itself', async () => {
    const tables = random(5, 10, 6, true);
    const hidden = (levels: readonly number[]) =>
      levels.reduce((s, level, l) => s + tables[l][level].loss * (l % 2 ? 4 : 0.2), 0);
    const plain = hidden(knapsack(tables, 120).levels);
    const a = await refineAllocation(tables, 120, hidden, { trials: 60 });
    const b = await refineAllocation(tables, 120, async (levels) => hidden(levels), { trials: 60 });
    expect(a.score).toBeLessThan(plain);
    expect(a.cost).toBeLessThanOrEqual(120);
    expect(b).toEqual(a);
  });
});
