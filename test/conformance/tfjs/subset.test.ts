/** A part of the specs, in seconds; all of them are in `tfjs.conformance.ts`. */
import { expect, test } from 'vitest';
import { skips } from './skips.ts';
import { createSuite } from './suite.ts';

test('specs of tfjs-core', async () => {
  const suite = await createSuite(['conv2d', 'max_pool', 'softmax']);
  const outcomes = await suite.run({ build: 'simd' });
  const failures = [...outcomes].filter(([, o]) => o.failure).map(([name, o]) => `${name}: ${o.failure}`);
  expect(failures.filter((f) => !Object.keys(skips).some((name) => f.startsWith(name)))).toEqual([]);
  expect(outcomes.size - failures.length).toBe(46);
});
