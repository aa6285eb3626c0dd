/** A part of the specs, in seconds; all of them are in `tfjs.conformance.ts`. */
import { expect, test } from 'vitest';
import { skips } from './skips.ts';
import { createSuite } from './suite.ts';

test('specs of tfjs-core', async () => {
  const suite = await createSuite(['conv2d', 'max_pool', 'softmax']);
  const outcomes = await suite.run({ build: 'simd' });
  const failed = [...outcomes].filter(([, o]) => o.failure);
  expect(failed.filter(([name]) => !(name in skips))).toEqual([]);
  expect(outcomes.size - failed.length).toBe(50);
});
