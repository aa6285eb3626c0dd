import { describe, expect, test } from 'vitest';
import { medianInterval, pairedRatio, seededRandom, summarize } from '../../compiler/bench/stats.ts';

describe('summarize', () => {
  test('median, p95 and min of a known sequence', () => {
    const samples = Array.from({ length: 101 }, (_, i) => 100 - i);
    expect(summarize(samples)).toEqual({ median: 50, p95: 95, min: 0 });
  });

  test('an even number of samples takes the middle', () => {
    expect(summarize([4, 1, 2, 3]).median).toBe(2.5);
  });
});

describe('seededRandom', () => {
  test('repeats, differs between seeds, fills [0, 1) evenly', () => {
    const take = (seed: number) => Array.from({ length: 4000 }, seededRandom(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
    const deciles = Array.from({ length: 10 }, () => 0);
    for (const x of take(7)) deciles[Math.floor(x * 10)]++;
    for (const n of deciles) expect(Math.abs(n - 400)).toBeLessThan(80);
  });
});

describe('medianInterval', () => {
  test('covers the true median of 95 in 100 normal samples, roughly', () => {
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const random = seededRandom(trial + 1000);
      const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const { low, high } = medianInterval(
        Array.from({ length: 41 }, () => 10 + normal()),
        trial,
        400,
      );
      if (low <= 10 && high >= 10) covered++;
    }
    expect(covered).toBeGreaterThan(180);
    expect(covered).toBeLessThan(200);
  });
});

describe('pairedRatio', () => {
  test('finds a constant ratio through a drift that triples both sides', () => {
    const drift = Array.from({ length: 50 }, (_, i) => 1 + i / 25);
    const { value, low, high } = pairedRatio(
      drift.map((d) => 6 * d),
      drift.map((d) => 1.5 * d),
      1,
    );
    expect([value, low, high]).toEqual([4, 4, 4]);
  });

  test('the interval holds the value and widens with noise', () => {
    const random = seededRandom(3);
    const noisy = (spread: number) => Array.from({ length: 60 }, () => 2 * (1 + spread * (random() - 0.5)));
    const ones = Array.from({ length: 60 }, () => 1);
    const calm = pairedRatio(noisy(0.02), ones, 1);
    const wild = pairedRatio(noisy(0.5), ones, 1);
    for (const r of [calm, wild]) {
      expect(r.low).toBeLessThanOrEqual(r.value);
      expect(r.high).toBeGreaterThanOrEqual(r.value);
    }
    expect(wild.high - wild.low).toBeGreaterThan(5 * (calm.high - calm.low));
  });
});
