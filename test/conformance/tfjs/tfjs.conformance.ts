/**
 * The operator specs that ship inside tfjs-core, with their kernels compiled. What is skipped, and why, is in `skips.ts`; a skipped
 * spec that passes fails, and so does a count other than the one that was reached.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Build } from '../../../compiler/kernels.ts';
import { type FormatName, formats } from '../../../compiler/sparse/index.ts';
import { files } from './files.ts';
import { skips } from './skips.ts';
import { createSuite, type Outcome, type Suite } from './suite.ts';

/** Specs that pass with the formats that the compiler chooses. */
const builds = { simd: 1403, scalar: 1403 } as const;
/** With one format wherever a kernel takes it: specs that have a matrix of constants, and those that ran it in the format. */
const withMatrix = 187;
const perFormat: Readonly<Record<FormatName, number>> = {
  dense: 187,
  columns: 19,
  csr: 187,
  csr16: 187,
  sell4: 19,
  bsr4x1: 187,
  bsr2x1: 187,
  bsr1x4: 8,
};

type Outcomes = ReadonlyMap<string, Outcome>;

let suite: Suite;
const free: Partial<Record<Build, Outcomes>> = {};
const rows: object[] = [];

beforeAll(async () => {
  suite = await createSuite(files);
});
afterAll(() => console.table(rows));

const failures = (outcomes: Outcomes) =>
  Object.fromEntries([...outcomes].flatMap(([name, o]) => (o.failure ? [[name, o.failure]] : [])));

const unexpected = (outcomes: Outcomes) =>
  Object.fromEntries(Object.entries(failures(outcomes)).filter(([name]) => !(name in skips)));

const passed = (outcomes: Outcomes) => [...outcomes.values()].filter((o) => !o.failure);

/** Without the number that tells specs of one name apart. */
const plain = (name: string) => name.replace(/ \(\d+\)$/, '');

test.each(['simd', 'scalar'] as const)('%s', async (build) => {
  const outcomes = await suite.run({ build });
  free[build] = outcomes;
  expect(unexpected(outcomes)).toEqual({});
  expect(Object.keys(skips).filter((name) => !outcomes.get(name)?.failure)).toEqual([]);
  expect(passed(outcomes).length).toBe(builds[build]);
});

test.each(Object.keys(formats) as FormatName[])('weights as %s', async (format) => {
  free.simd ??= await suite.run({ build: 'simd' });
  // A format can change only what multiplies by constants: all else stands as it ran.
  const again = new Set([...free.simd].filter(([, o]) => o.formats.size > 0).map(([name]) => plain(name)));
  const outcomes = await suite.run({ build: 'simd', format }, (name) => again.has(name));
  expect(unexpected(outcomes)).toEqual({});
  const all = new Map([...free.simd, ...outcomes]);
  const matrices = passed(all).filter((o) => o.formats.size > 0);
  const asked = matrices.filter((o) => o.formats.has(format));
  const counts = { specs: all.size, passed: passed(all).length };
  rows.push({ format, ...counts, 'with a matrix': matrices.length, 'in the format': asked.length });
  expect(counts).toEqual({ specs: 1428, passed: builds.simd });
  expect([matrices.length, asked.length]).toEqual([withMatrix, perFormat[format]]);
});
