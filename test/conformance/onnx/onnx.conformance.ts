/**
 * The ONNX backend tests, read, simplified, compiled to WebAssembly and run. What is skipped, and why, is in `skips.ts`; a skipped
 * case that passes fails, and so does a count below the one that was reached.
 */
import { describe, expect, test } from 'vitest';
import { runCompiled } from './batch.ts';
import { type Case, caseNames, readCase, reasonOf, type SetName, sets } from './cases.ts';
import { testdata } from './data.ts';
import { compare, evaluate, type Prepared, prepare } from './run.ts';
import { passing, skipped } from './skips.ts';

const perModule = 24;
const root = testdata();

describe.each(sets)('%s', (set) => {
  test('passes compiled, but for what is skipped', async () => {
    const failures = await failuresOf(set);
    const names = caseNames(root, set);
    const unexpected = [...failures].filter(([name]) => !skipped.has(name)).map(([n, why]) => `${n}: ${why}`);
    expect(unexpected).toEqual([]);
    const stale = names.filter((name) => skipped.has(name) && !failures.has(name));
    expect(stale, 'skipped, but they pass').toEqual([]);
    expect(names.length - failures.size).toBe(passing[set]);
  });
});

/** Why each failing case fails: in reading, against the reference of the operators, or compiled. */
async function failuresOf(set: SetName): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  let batch: { c: Case; p: Prepared }[] = [];
  const flush = async () => {
    const results = await runCompiled(batch.map(({ p }) => p));
    results.forEach((outputs, k) => {
      const why = outputs instanceof Error ? reasonOf(outputs) : compare(outputs, batch[k].c);
      if (why) failures.set(batch[k].c.name, `compiled: ${why}`);
    });
    batch = [];
  };
  for (const name of caseNames(root, set)) {
    try {
      const c = readCase(root, set, name);
      const p = await prepare(c);
      const why = evaluate(p, c);
      if (why) failures.set(name, `evaluated: ${why}`);
      else batch.push({ c, p });
    } catch (error) {
      failures.set(name, reasonOf(error));
    }
    if (batch.length === perModule) await flush();
  }
  await flush();
  return failures;
}
