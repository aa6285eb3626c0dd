/**
 * Small TFLite files, compiled, against TFLite itself: recurrent layers that keep their states, and arithmetic in steps of 8 and 16
 * bits, of which results may be one step apart.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { install, modelFolder } from '../../../bench/real-catalogue.ts';
import { Agreement, within } from '../../../compiler/agreement.ts';
import { compile, load } from '../../../compiler/index.ts';
import { instantiate } from '../../../compiler/instance.ts';
import { largest, tensor } from '../../../compiler/ir/tensor.ts';
import { readMetadata } from '../../../compiler/link/metadata.ts';
import { referenceOf } from '../../../compiler/reference/index.ts';
import { otherRuntime } from '../../../compiler/reference/reference.ts';
import { randomSamples } from '../../../compiler/samples.ts';
import { cases, controlled, hybridLayer } from './cases.ts';
import { quantizedLenet } from './lenet.ts';

beforeAll(install);

async function bothRuntimes(file: Uint8Array) {
  const model = await load({ 'model.tflite': file });
  const reference = await referenceOf(model.source, { peers: [modelFolder()] });
  expect(reference.title).toBe('TFLite-web with XNNPACK');
  const { wasm } = await compile(model);
  const metadata = readMetadata(wasm);
  return { reference, metadata, module: await instantiate(wasm, metadata) };
}

async function agreement(file: Uint8Array) {
  const { reference, metadata, module } = await bothRuntimes(file);
  const found = new Agreement();
  const spread = new Set<number>();
  for (const x of randomSamples(metadata.inputs, 8, 11)) {
    const want = await reference.run(x);
    for (const v of Object.values(want)[0].data) spread.add(v);
    found.add(want, module.run(x));
  }
  reference.dispose();
  // Saturated results would agree whatever was computed.
  expect(spread.size).toBeGreaterThan(10);
  return found.facts();
}

describe('as in TFLite', () => {
  test.each(cases)('%s', async (_name, { file, step, steps = 1 }) => {
    const facts = await agreement(file);
    if (step === undefined) expect(within(facts, otherRuntime), `relative L2 ${facts.relL2}`).toBe(true);
    else expect(facts.maxAbs / step).toBeLessThanOrEqual(steps + 0.001);
  });
});

test.each(controlled)('%s', async (_name, file) => {
  expect(within(await agreement(file), otherRuntime)).toBe(true);
});

test('weights of 8 bits under float activations', async () => {
  const { relL2 } = await agreement(hybridLayer.file);
  console.log(`hybrid: relative L2 ${relL2}`);
  expect(relL2).toBeLessThan(0.02);
});

test('LeNet-5 in 8 bits, on test images', async () => {
  const { file, test: images } = await quantizedLenet();
  const { reference, module } = await bothRuntimes(file);
  const found = new Agreement();
  let right = 0;
  for (let i = 0; i < 500; i++) {
    const pixels = images.x.subarray(i * 784, (i + 1) * 784);
    const image = tensor(
      'int8',
      [1, 28, 28, 1],
      Array.from(pixels, (v) => Math.round(v * 255) - 128),
    );
    const y = module.run({ image });
    found.add(await reference.run({ image }), y);
    if (largest(y.classes.data) === images.y[i]) right++;
  }
  reference.dispose();
  const { maxAbs, top1Agreement } = found.facts();
  console.log(
    `LeNet-5 in 8 bits: at most ${maxAbs} steps, top-1 equal ${100 * top1Agreement} %, right ${right} of 500`,
  );
  expect(maxAbs).toBeLessThanOrEqual(1);
  expect(top1Agreement).toBe(1);
  expect(right).toBeGreaterThan(480);
});
