import { describe, expect, test } from 'vitest';
import { compare, type Task } from '../../compiler/bench/runner.ts';

/** Tasks on a clock of their own: a call takes as long as it says. */
function simulated(costs: Record<string, (now: number) => number>) {
  let now = 0;
  const calls: string[] = [];
  const tasks: Task[] = Object.entries(costs).map(([name, cost]) => ({
    name,
    run() {
      calls.push(name);
      now += cost(now);
    },
  }));
  return { tasks, calls, clock: () => now };
}

describe('compare', () => {
  test('alternates, and the order rotates from round to round', async () => {
    const { tasks, calls, clock } = simulated({ a: () => 2, b: () => 2, c: () => 2 });
    await compare(tasks, { minRounds: 4, minTimeMs: 0, warmupMs: 0, clock });
    expect(calls.slice(3).join('')).toBe('abc' + 'bca' + 'cab' + 'abc');
  });

  test('medians and ratios are those of the tasks', async () => {
    const { tasks, clock } = simulated({ dense: () => 8, sparse: () => 2 });
    const [dense, sparse] = await compare(tasks, { minRounds: 10, minTimeMs: 0, warmupMs: 0, clock });
    expect(dense).toMatchObject({ median: 8, p95: 8, min: 8, inner: 1 });
    expect(dense.speedup).toEqual({ value: 1, low: 1, high: 1 });
    expect(sparse.speedup).toEqual({ value: 4, low: 4, high: 4 });
    expect(sparse.samples).toHaveLength(10);
  });

  test('rounds in which others use the core are left out; where they always do, the quietest stay', async () => {
    const busy = (shares: (round: number) => number) => {
      let round = 0;
      const costs = { dense: () => 4 * shares(round), sparse: () => 3 * shares(round) ** 2 };
      const { tasks, clock } = simulated(costs);
      const probe = () => shares(round);
      // A round begins with one probe and has one behind each task.
      let probes = 0;
      const counted = () => {
        const load = probe();
        if (++probes % 3 === 0) round++;
        return load;
      };
      return compare(tasks, { minRounds: 5, minTimeMs: 0, warmupMs: 0, clock, probe: counted });
    };
    const [dense, sparse] = await busy((round) => (round % 4 === 2 ? 1 : 2));
    expect(dense.samples).toEqual([4, 4, 4, 4, 4]);
    expect(sparse.speedup.value).toBeCloseTo(4 / 3, 9);
    const [never] = await busy((round) => 2 + round);
    expect(never.samples).toEqual([8, 12, 16, 20, 24]);
  });

  test('a machine that slows down does not bias the ratio', async () => {
    const slowing = (cost: number) => (now: number) => cost * (1 + now / 1000);
    const { tasks, clock } = simulated({ dense: slowing(4), sparse: slowing(2) });
    const [, sparse] = await compare(tasks, { minRounds: 100, minTimeMs: 0, warmupMs: 0, clock });
    expect(sparse.speedup.value).toBeCloseTo(2, 1);
  });

  test('a microsecond task is repeated within a sample and reported per call', async () => {
    const { tasks, clock } = simulated({ tiny: () => 0.001, slow: () => 5 });
    const [tiny, slow] = await compare(tasks, { minRounds: 3, minTimeMs: 0, warmupMs: 0, clock });
    expect(tiny.inner).toBeGreaterThanOrEqual(999);
    expect(tiny.inner).toBeLessThan(2100);
    expect(tiny.median).toBeCloseTo(0.001, 9);
    expect(slow.inner).toBe(1);
  });

  test('warm-up calls leave no sample', async () => {
    const { tasks, clock } = simulated({ jit: (now) => (now < 50 ? 10 : 1) });
    const [jit] = await compare(tasks, { minRounds: 5, minTimeMs: 0, warmupMs: 50, clock });
    expect(Math.max(...jit.samples)).toBe(1);
  });

  test('a host that stands still during the warm-up does not make a microsecond task take for ever', async () => {
    const { tasks, clock } = simulated({ tiny: (now) => (now === 0 ? 60 : 0.001) });
    const [tiny] = await compare(tasks, { minRounds: 3, minTimeMs: 20, warmupMs: 10, clock });
    expect(tiny.samples.length).toBeLessThan(60);
    expect(tiny.median).toBeCloseTo(0.001, 9);
  });

  test('goes on until every task has its time', async () => {
    const { tasks, clock } = simulated({ fast: () => 1, slow: () => 10 });
    const [fast, slow] = await compare(tasks, { minRounds: 2, minTimeMs: 30, warmupMs: 0, clock });
    expect(fast.samples).toHaveLength(30);
    expect(slow.samples).toHaveLength(30);
  });

  test('waits for asynchronous tasks', async () => {
    let running = 0;
    const run = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    const results = await compare(
      [
        { name: 'a', run },
        { name: 'b', run },
      ],
      { minRounds: 3, minTimeMs: 0, warmupMs: 0 },
    );
    for (const { median } of results) expect(median).toBeGreaterThan(1.5);
  });

  test('the baseline can be any task; progress ends at one', async () => {
    const { tasks, clock } = simulated({ a: () => 2, b: () => 6 });
    const shares: number[] = [];
    const options = { minRounds: 4, minTimeMs: 20, warmupMs: 0, clock, baseline: 'b' };
    const [a, b] = await compare(tasks, { ...options, onRound: (share) => shares.push(share) });
    expect([a.speedup.value, b.speedup.value]).toEqual([3, 1]);
    expect(shares).toEqual([...shares].sort((x, y) => x - y));
    expect(shares.at(-1)).toBe(1);
    await expect(compare(tasks, { ...options, baseline: 'c' })).rejects.toThrow('no task is named c');
  });
});
