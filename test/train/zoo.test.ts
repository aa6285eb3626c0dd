import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { build, loadModel, saveModel, type ZooName, zooNames } from '../../examples/zoo/index.ts';

let tf: Tf;

beforeAll(async () => {
  tf = await loadBackend('wasm');
});

/** Parameters as published or counted by hand, with the moving statistics of norms, without the biases before norms. */
const published: Record<ZooName, number> = {
  'mobilenet-v1-1.0-224': 4_253_864,
  'mobilenet-v1-0.25-96': 219_058,
  'mobilenet-v2-1.0-224': 3_538_984,
  'resnet-8': 78_666 - 240,
  'ds-cnn': 24_908 - 9 * 64,
  autoencoder: 269_992,
  'lstm-2': 4 * 128 * (169 + 257) + 129 * 12,
  'gru-2': 3 * 128 * (169 + 257) + 129 * 12,
  'lenet-5': 431_080,
  'lenet-300-100': 266_610,
  'lenet-cifar': 62_006,
};

describe.each(zooNames)('%s', (name) => {
  test('has the published size and answers sensibly', () => {
    const model = build(tf, name);
    expect(model.countParams()).toBe(published[name]);
    const [, ...shape] = model.inputs[0]!.shape as number[];
    const outputs = tf.tidy(() => {
      const x = tf.randomNormal([2, ...shape], 0.5, 0.5, 'float32', 7);
      return (model.predict(x) as Tensor).arraySync() as number[][];
    });
    expect(outputs.flat().every(Number.isFinite)).toBe(true);
    expect(outputs[0]).not.toEqual(outputs[1]);
    if (name !== 'autoencoder') {
      expect(outputs[0]!.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      // Neither certain nor flat: weights keep the scale of what runs through them.
      expect(Math.max(...outputs[0]!)).toBeLessThan(0.999);
    }
    model.dispose();
  });
});

test('a seed gives its bits, and saving and loading keep them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zoo-'));
  const bytes = (at: string) =>
    readdirSync(at).map((file) => [file, readFileSync(join(at, file)).toString('hex')]);
  const [a, b, other] = [build(tf, 'lenet-5', 3), build(tf, 'lenet-5', 3), build(tf, 'lenet-5', 4)];
  await saveModel(tf, a, join(folder, 'a'));
  await saveModel(tf, b, join(folder, 'b'));
  await saveModel(tf, other, join(folder, 'c'));
  expect(bytes(join(folder, 'a'))).toEqual(bytes(join(folder, 'b')));
  expect(bytes(join(folder, 'a'))).not.toEqual(bytes(join(folder, 'c')));
  const loaded = await loadModel(tf, join(folder, 'a'));
  loaded.getWeights().forEach((w, i) => {
    expect(w.dataSync()).toEqual(a.getWeights()[i]!.dataSync());
  });
  rmSync(folder, { recursive: true });
});
