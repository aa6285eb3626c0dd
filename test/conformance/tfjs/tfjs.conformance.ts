/**
 * The operator specs that ship inside tfjs-core, with their kernels compiled. What is skipped, and why, is in `skips.ts`; a skipped
 * spec that passes fails, and so does a count other than the one that was reached.
 */
import { beforeAll, expect, test } from 'vitest';
import { type FormatName, formats } from '../../../compiler/sparse/index.ts';
import { files, weighted } from './files.ts';
import { skips } from './skips.ts';
import { createSuite, type Outcome, type Suite } from './suite.ts';

/** Specs that pass with the formats that the compiler chooses, and those with matrices in each format. */
const builds = { simd: 1403, scalar: 1403 } as const;
const perFormat: Readonly<Record<FormatName, number>> = {
  dense: 174,
  csr: 174,
  csr16: 174,
  sell4: 59,
  bsr4x1: 174,
  bsr2x1: 174,
  bsr1x4: 7,
};

let suite: Suite;
beforeAll(async () => {
  suite = await createSuite(files);
});

const failures = (outcomes: ReadonlyMap<string, Outcome>) =>
  Object.fromEntries([...outcomes].flatMap(([name, o]) => (o.failure ? [[name, o.failure]] : [])));

const unexpected = (outcomes: ReadonlyMap<string, Outcome>) =>
  Object.fromEntries(Object.entries(failures(outcomes)).filter(([name]) => !(name in skips)));

const passed = (outcomes: ReadonlyMap<string, Outcome>) => [...outcomes.values()].filter((o) => !o.failure);

test.each(['simd', 'scalar'] as const)('%s', async (build) => {
  const outcomes = await suite.run({ build });
  expect(unexpected(outcomes)).toEqual({});
  expect(Object.keys(skips).filter((name) => !outcomes.get(name)?.failure)).toEqual([]);
  expect(passed(outcomes).length).toBe(builds[build]);
});

test.each(Object.keys(formats) as FormatName[])('weights as %s', async (format) => {
  const outcomes = await suite.run({ build: 'simd', format }, (name) =>
    weighted.some((f) => name.startsWith(`${f}:`)),
  );
  expect(unexpected(outcomes)).toEqual({});
  expect(passed(outcomes).filter((o) => o.formats.has(format)).length).toBe(perFormat[format]);
});
