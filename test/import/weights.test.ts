/** Manifests, shards, quantization. */
import { describe, expect, test } from 'vitest';
import { decodeFloat16 } from '../../compiler/import/float16.ts';
import { ModelFiles, readModel } from '../../compiler/import/index.ts';
import { parseManifest, readWeights } from '../../compiler/import/tfjs-weights.ts';
import { random } from '../../compiler/ir/random.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { edited, type Files, json, parsed, predict, save, seedWeights, tf } from './models.ts';

const L = tf.layers;

async function mlp() {
  const model = tf.sequential({
    layers: [L.dense({ units: 5, inputShape: [7], activation: 'relu' }), L.dense({ units: 3 })],
  });
  seedWeights(model);
  return { model, files: await save(model) };
}

/** The bytes of `weights.bin` cut at these offsets. */
function cut(files: Files, ...at: number[]): Files {
  const bytes = files['weights.bin'];
  const ends = [...at, bytes.length];
  const shards = Object.fromEntries(
    ends.map((end, i) => [`s${i}.bin`, bytes.subarray(ends[i - 1] ?? 0, end)]),
  );
  const { 'model.json': model } = edited(files, (m) => {
    m.weightsManifest[0].paths = Object.keys(shards);
  });
  return { 'model.json': model, ...shards };
}

describe('shards', () => {
  test.each([[[1]], [[3, 4, 5]], [[0, 17, 17, 139]], [[140]]])('cut at %j', async (at) => {
    const { model, files } = await mlp();
    const want = predict(model);
    const { graph, files: read } = await readModel(cut(files, ...at));
    const y = evaluateGraph(graph, want.inputs)[graph.outputs[0].name];
    expect(y.data.every((v, i) => Math.abs(v - want.outputs[0].data[i]) < 1e-5)).toBe(true);
    expect(read.length).toBe(at.length + 2);
  });

  test('several groups', async () => {
    const { files } = await mlp();
    const [a, b] = [files['weights.bin'].subarray(0, 160), files['weights.bin'].subarray(160)];
    const split = edited(files, (m) => {
      const w = m.weightsManifest[0].weights;
      m.weightsManifest = [
        { paths: ['a'], weights: w.slice(0, 2) },
        { paths: ['b'], weights: w.slice(2) },
      ];
    });
    const whole = await readModel(files);
    const parts = await readModel({ 'model.json': split['model.json'], a, b });
    const data = (m: typeof whole) => [...m.graph.values.values()].map((v) => v.data);
    expect(data(parts)).toEqual(data(whole));
    expect(parts.hash).not.toBe(whole.hash);
  });
});

describe('quantization', () => {
  const spec = (dtype: string, quantization: object, n: number) =>
    [{ paths: ['w'], weights: [{ name: 'w', shape: [n], dtype, quantization }] }] as never;

  test.each([
    ['float32', 'uint8', { scale: 0.1, min: -3 }, Uint8Array],
    ['float32', 'uint16', { scale: 1e-4, min: 2 }, Uint16Array],
    ['int32', 'uint8', { scale: 2.5, min: -7 }, Uint8Array],
    ['int32', 'uint16', { scale: 0.75, min: 1 }, Uint16Array],
  ] as const)('%s stored as %s is what tfjs makes of it', async (dtype, stored, affine, Type) => {
    const rng = random(2);
    const q = new Type(33).map(() => rng.int(Type === Uint8Array ? 256 : 65536));
    const bytes = new Uint8Array(q.buffer);
    const manifest = spec(dtype, { dtype: stored, ...affine }, 33);
    const files = ModelFiles.fromMemory({ 'model.json': json({}), w: bytes });
    const got = readWeights(files, parseManifest(manifest, {})).get('w')!;
    const want = tf.io.decodeWeights(bytes.buffer, (manifest as { weights: never }[])[0].weights).w;
    expect(got.dtype).toBe(dtype);
    expect(got.data).toEqual(want.dataSync());
  });

  test('every float16', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const want = tf.io
      .decodeWeights(bits.buffer, [
        { name: 'w', shape: [65536], dtype: 'float32', quantization: { dtype: 'float16' } as never },
      ])
      .w.dataSync();
    expect(decodeFloat16(bits)).toEqual(want);
  });

  test('a quantized model predicts as in tfjs', async () => {
    const { model, files } = await mlp();
    const rng = random(4);
    const quantized = edited(files, (m) => {
      for (const w of m.weightsManifest[0].weights)
        w.quantization = { dtype: 'uint8', scale: 0.01, min: -1.2, original_dtype: 'float32' };
    });
    quantized['weights.bin'] = Uint8Array.from({ length: files['weights.bin'].length / 4 }, () =>
      rng.int(256),
    );
    const specs = parsed(quantized['model.json']).weightsManifest[0].weights;
    const decoded = tf.io.decodeWeights(quantized['weights.bin'].slice().buffer, specs);
    model.setWeights(model.weights.map((w) => decoded[w.originalName]));
    const want = predict(model);
    const { graph } = await readModel(quantized);
    const y = evaluateGraph(graph, want.inputs)[graph.outputs[0].name];
    expect(y.data.every((v, i) => Math.abs(v - want.outputs[0].data[i]) < 1e-5)).toBe(true);
  });
});

test('other element types', () => {
  const manifest = ['int32', 'bool', 'uint8', 'int8', 'float16'].map((dtype) => ({
    name: dtype,
    shape: [1, 2],
    dtype,
  }));
  const bytes = Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255, 1, 0, 200, 3, 200, 3, 0x00, 0x3c, 0x00, 0xc0);
  const files = ModelFiles.fromMemory({ 'model.json': json({}), w: bytes });
  const got = readWeights(files, parseManifest([{ paths: ['w'], weights: manifest }] as never, {}));
  expect([...got.values()].map((t) => [t.dtype, ...t.data])).toEqual([
    ['int32', 1, -1],
    ['bool', 1, 0],
    ['uint8', 200, 3],
    ['int8', -56, 3],
    ['float32', 1, -2],
  ]);
});

test('weights of the optimizer are left out', async () => {
  const { files } = await mlp();
  const trained = edited(files, (m) => {
    m.weightsManifest[0].weights.push({ name: 'iter', shape: [1], dtype: 'float32', group: 'optimizer' });
  });
  trained['weights.bin'] = new Uint8Array([...files['weights.bin'], 0, 0, 0, 0]);
  expect((await readModel(trained)).graph.nodes.length).toBe((await readModel(files)).graph.nodes.length);
});

test('names that other writers give weights', async () => {
  const { files } = await mlp();
  const names = parsed(files['model.json']).weightsManifest[0].weights.map((w: { name: string }) => w.name);
  for (const rename of [(n: string) => n.replace('/', '/inner_cell/'), (n: string) => `sequential_1/${n}`]) {
    const renamed = edited(files, (m) => {
      m.weightsManifest[0].weights.forEach((w: { name: string }, i: number) => {
        w.name = rename(names[i]);
      });
    });
    const { graph } = await readModel(renamed);
    expect(
      [...graph.values.values()]
        .filter((v) => v.origin)
        .map((v) => v.origin!.weight)
        .sort(),
    ).toEqual(names.map(rename).sort());
  }
});
