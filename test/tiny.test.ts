/** The whole path on a three-layer MLP: tfjs files → sparse module → loader, held against tfjs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import createWabt from 'wabt';
import { type Compiled, compile, load, readMetadata } from '../compiler/index.ts';
import { random } from '../compiler/ir/random.ts';
import type { Files } from '../targets/index.ts';
import { save, seedWeights, tf } from './import/models.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-tiny-'));
const x = Float32Array.from({ length: 32 }, random(3).normal);
let want: Float32Array;
let once: Compiled;
let again: Compiled;

beforeAll(async () => {
  const { dense } = tf.layers;
  const model = tf.sequential({
    name: 'tiny',
    layers: [
      dense({ units: 48, inputShape: [32], activation: 'relu', name: 'fc1' }),
      dense({ units: 24, activation: 'tanh', name: 'fc2' }),
      dense({ units: 5, activation: 'softmax', name: 'fc3' }),
    ],
  });
  seedWeights(model);
  const rng = random(4);
  for (const w of model.weights) {
    const values = (w.read().dataSync() as Float32Array).map((v) => (rng.next() < 0.9 ? 0 : v));
    if (w.name.includes('kernel')) w.write(tf.tensor(values, w.shape as number[]));
  }
  want = (model.predict(tf.tensor(x, [1, 32])) as ReturnType<typeof tf.tensor>).dataSync() as Float32Array;
  const files = await save(model);
  once = await compile(await load(files));
  again = await compile(await load(files));
  write(once.files);
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(files: Files): void {
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}

test('the same model gives the same bytes', () => {
  expect([...again.files]).toEqual([...once.files]);
});

test('the module stands alone', async () => {
  const module = new WebAssembly.Module(once.wasm);
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(WebAssembly.Module.exports(module).map((e) => e.name)).toEqual(
    expect.arrayContaining(['memory', 'run', 'abi']),
  );
  const wabt = await createWabt();
  const read = wabt.readWasm(once.wasm, { simd: true, bulk_memory: true });
  expect(() => read.validate()).not.toThrow();
  read.destroy();
});

test('the loader finds and runs it', async () => {
  expect([...once.files.keys()]).toEqual(['tiny.wasm', 'tiny.js', 'tiny.d.ts']);
  const { load } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'tiny.js')).href);
  const y: Float32Array = (await load()).run(x);
  expect(y).toHaveLength(5);
  y.forEach((v, i) => {
    expect(Math.abs(v - want[i])).toBeLessThan(1e-6);
  });
});

test('metadata tells what is in it', () => {
  const metadata = readMetadata(once.wasm);
  expect(once.metadata).toMatchObject(metadata);
  expect(Object.keys(metadata.layers[0])).not.toContain('reason');
  expect(metadata).toMatchObject({ name: 'tiny', build: 'simd', stateful: false });
  expect(metadata.inputs).toMatchObject([{ dtype: 'float32', shape: [1, 32] }]);
  expect(metadata.outputs).toMatchObject([{ dtype: 'float32', shape: [1, 5] }]);
  expect(metadata.layers.map((l) => l.name)).toEqual(['fc1', 'fc2', 'fc3']);
  expect(metadata.layers[0].format).not.toBe('dense');
  expect(metadata.layers[0].nnz).toBeLessThan(0.2 * 32 * 48);
});
