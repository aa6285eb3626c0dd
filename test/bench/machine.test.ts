import { expect, test } from 'vitest';
import { machineFacts } from '../../compiler/bench/machine.ts';
import { measurePeak } from '../../compiler/bench/peak.ts';

test('names the engine, the command and the versions that are installed', async () => {
  const facts = await machineFacts(
    ['assemblyscript', '@tensorflow/tfjs', 'not-a-package-of-ours'],
    ['bench', 'x'],
  );
  expect(facts.engine).toContain(`Node ${process.versions.node}`);
  expect(facts.command).toBe('bench x');
  expect(Object.keys(facts.versions)).toEqual(['assemblyscript', '@tensorflow/tfjs']);
  expect(facts.versions.assemblyscript).toMatch(/^\d+\.\d+\.\d+/);
  expect(facts.cores).toBeGreaterThan(0);
});

test('the peak is that of a SIMD unit: more than a scalar one, less than the impossible', async () => {
  const { gmacs, l1GBs } = await measurePeak();
  expect(gmacs).toBeGreaterThan(2);
  expect(gmacs).toBeLessThan(200);
  expect(l1GBs).toBeGreaterThan(8);
  expect(l1GBs).toBeLessThan(1000);
});
