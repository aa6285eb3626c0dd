/** tfjs-node as a second row; the cpu backend of tfjs stands in for its native one. */
import * as tf from '@tensorflow/tfjs';
import { expect, test, vi } from 'vitest';
import { bench, load } from '../../compiler/index.ts';
import type * as backends from '../../compiler/prune/train/backend.ts';
import { savedModel } from '../tfjs.ts';

vi.mock('../../compiler/prune/train/backend.ts', async (original) => {
  const real = await original<typeof backends>();
  const loadBackend = (name?: backends.BackendName) => real.loadBackend(name === 'node' ? 'cpu' : name);
  return { ...real, loadBackend, hasNode: () => true };
});

async function network() {
  const { dense, conv2d, flatten } = tf.layers;
  const model = tf.sequential({
    layers: [conv2d({ inputShape: [6, 6, 1], filters: 3, kernelSize: 3 }), flatten(), dense({ units: 4 })],
  });
  return load(await savedModel(model));
}

test('where tfjs-node is installed it is timed and compared beside tfjs-wasm', {
  timeout: 60_000,
}, async () => {
  const quick = { minTimeMs: 1, coldRounds: 0, random: 3 };
  const { variants } = await bench(await network(), quick);
  expect(variants.map((v) => v.title).slice(0, 3)).toEqual([
    'tfjs, wasm backend',
    'tfjs, cpu backend',
    'espalier, dense',
  ]);
  for (const v of variants.slice(1)) expect(v.agreement!.relL2).toBeLessThan(1e-5);
  expect(variants[0].peakMemory).toBeGreaterThan(0);
  expect(variants[1].peakMemory).toBeUndefined();
  const only = await bench(await network(), { ...quick, backend: 'wasm' });
  expect(only.variants.filter((v) => v.kind === 'reference').length).toBe(1);
});
