/** The accuracy benchmark goes on where it was interrupted, and says what it measured. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { benchAccuracy, type Case, cases, nameOf, type Run } from '../../bench/accuracy.ts';
import { accuracyTable, points } from '../../bench/accuracy-table.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'accuracy-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const list: readonly Case[] = [
  { network: 'lenet-5', way: 'magnitude', granularity: 'element', sparsity: 0.9, seeds: 1 },
  { network: 'lenet-5', way: 'one-shot', granularity: 'element', sparsity: 0.9, goal: 0.1, seeds: 3 },
];

/** Ends the benchmark after so many runs. */
function bench(limit: number, only?: string) {
  const made: string[] = [];
  const run = async (c: Case, seed: number): Promise<Run> => {
    if (made.length === limit) throw new Error('interrupted');
    made.push(`${c.way} ${seed}`);
    return { name: nameOf(c), seed, sparsity: 0.9, denseError: 1.2, lost: seed / 10, seconds: 2 };
  };
  const rows = benchAccuracy({ cases: list, journal: join(folder, 'journal.jsonl'), only, run });
  return { made, rows };
}

test('an interrupted run goes on, a finished one begins anew, named rows are measured again', async () => {
  const first = bench(2);
  await expect(first.rows).rejects.toThrow('interrupted');
  expect(first.made).toEqual(['magnitude 1', 'one-shot 1']);
  const second = bench(9);
  expect((await second.rows).map((r) => r.runs.length)).toEqual([1, 3]);
  expect(second.made).toEqual(['one-shot 2', 'one-shot 3']);
  const third = bench(9);
  await third.rows;
  expect(third.made).toEqual(['magnitude 1', 'one-shot 1', 'one-shot 2', 'one-shot 3']);
  const fourth = bench(9, 'one-shot');
  expect((await fourth.rows).map((r) => r.runs.length)).toEqual([1, 3]);
  expect(fourth.made).toEqual(['one-shot 1', 'one-shot 2', 'one-shot 3']);
});

test('the table has mean, reach, goal and seeds', async () => {
  const text = accuracyTable(await bench(9).rows);
  expect(text).toContain('LeNet-5 (20-50-500-10)');
  expect(text).toContain('98.80 % right when dense');
  expect(text).toMatch(/one-shot, 256 unlabelled \| 90 % \| 0\.20 \[0\.10, 0\.30\] \| ≤ 0\.1 \| 3 \| 2/);
  expect(points([-0.25])).toBe('−0.25');
});

test('every way has its control, every goal a magnitude row beside it', () => {
  const networks = new Set(cases.map((c) => c.network));
  for (const network of networks) {
    const own = cases.filter((c) => c.network === network);
    for (const c of own) {
      if (c.way === 'magnitude') continue;
      expect(
        own.some((d) => d.way === c.way && d.sparsity === 0),
        nameOf(c),
      ).toBe(true);
      if (c.goal === undefined) continue;
      const beside = own.some(
        (d) => d.way === 'magnitude' && d.sparsity === c.sparsity && d.granularity === c.granularity,
      );
      expect(beside, nameOf(c)).toBe(true);
    }
  }
});
