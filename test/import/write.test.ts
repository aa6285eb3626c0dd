/** Pruned weights go back into the source: same topology, unchanged weights to the bit. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ModelFiles, readModel } from '../../compiler/import/index.ts';
import { restoreWeights } from '../../compiler/import/restore.ts';
import { parseManifest, readWeights } from '../../compiler/import/tfjs-weights.ts';
import { tfjsLayersFiles, writeTfjsLayers } from '../../compiler/import/tfjs-write.ts';
import { type Graph, rewrite } from '../../compiler/ir/graph.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';
import { edited, type Files, parsed, save, seedWeights, tf } from './models.ts';

const dir = mkdtempSync(join(tmpdir(), 'espalier-write-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function convolutional(): Promise<Files> {
  const L = tf.layers;
  const model = tf.sequential({
    layers: [
      L.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 2], name: 'conv' }),
      L.depthwiseConv2d({ kernelSize: 3, name: 'depth' }),
      L.flatten({ name: 'flat' }),
      L.dense({ units: 4, name: 'out' }),
    ],
  });
  seedWeights(model);
  return save(model);
}

const weightsOf = (files: ModelFiles) =>
  readWeights(files, parseManifest(parsed(files.read('model.json')).weightsManifest, {}));

/** Every constant with an origin through `change`. */
const withConstants = (graph: Graph, change: (v: number, i: number) => number) =>
  rewrite(
    graph,
    semantics,
    () => undefined,
    (v) => (v.origin ? { ...v, data: Float32Array.from(v.data!, change), origin: v.origin } : undefined),
  );

describe('tfjs-write', () => {
  test('an unchanged graph gives the same weights to the bit', async () => {
    const source = await convolutional();
    const files = ModelFiles.fromMemory(source);
    const { graph } = await readModel(files);
    const out = tfjsLayersFiles(files, graph);
    expect([...out.keys()]).toEqual(['weights.bin', 'model.json']);
    expect(out.get('weights.bin')).toEqual(source['weights.bin']);
    expect(parsed(out.get('model.json')!)).toEqual(parsed(source['model.json']));
  });

  test('zeros land where the kernel has them, through transposes and reshapes', async () => {
    const source = await convolutional();
    const files = ModelFiles.fromMemory(source);
    const { graph } = await readModel(files);
    const pruned = withConstants(graph, (v) => (Math.abs(v) < 0.2 ? 0 : v));
    const back = weightsOf(ModelFiles.fromMemory(Object.fromEntries(tfjsLayersFiles(files, pruned))));
    const before = weightsOf(files);
    expect(back.size).toBe(6);
    for (const [name, t] of back) {
      const want = before.get(name)!.data.map((v) => (Math.abs(v) < 0.2 ? 0 : v));
      expect(t.data, name).toEqual(want);
    }
  });

  test('folded scales and shifts are undone', async () => {
    const weight = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
    const origin = {
      weight: 'w',
      perm: [1, 0],
      scale: Float32Array.of(2, 4, 0),
      shift: Float32Array.of(0, 1, 7),
    };
    const data = Float32Array.of(2, 8, 0, 21, 7, 7);
    const value = { id: 0, name: 'w', dtype: 'float32', shape: [3, 2], data, origin } as const;
    const graph = { name: 'g', nodes: [], inputs: [], outputs: [], values: new Map([[0, value]]) };
    const back = restoreWeights(graph, new Map([['w', weight]]));
    // Row 1 of the constant was 9, 21: its first element changed to 0. Row 2 lost its weights to scale 0.
    expect([...back.get('w')!.data]).toEqual([1, -0.25, 3, 4, 5, 6]);
  });

  test('quantized weights become float32, shards keep their number', async () => {
    const source = edited(await convolutional(), (m) => {
      for (const w of m.weightsManifest[0].weights) w.quantization = { dtype: 'uint8', scale: 0.01, min: -1 };
      m.weightsManifest[0].paths = ['a.bin', 'b.bin'];
    });
    const count = source['weights.bin'].length / 4;
    const bytes = Uint8Array.from({ length: count }, (_, i) => (i * 37) % 256);
    const files = ModelFiles.fromMemory({
      'model.json': source['model.json'],
      'a.bin': bytes.subarray(0, 11),
      'b.bin': bytes.subarray(11),
    });
    const { graph } = await readModel(files);
    writeTfjsLayers(files, graph, join(dir, 'quantized'));
    expect(readdirSync(join(dir, 'quantized')).sort()).toEqual(['a.bin', 'b.bin', 'model.json']);
    const back = weightsOf(ModelFiles.fromDisk(join(dir, 'quantized')));
    expect(back).toEqual(weightsOf(files));
    expect(readFileSync(join(dir, 'quantized', 'a.bin')).length).toBe(44);
  });

  test('removed channels are refused', async () => {
    const files = ModelFiles.fromMemory(await convolutional());
    const { graph } = await readModel(files);
    const values = new Map(
      [...graph.values].map(([id, v]) => [
        id,
        v.origin?.weight === 'out/kernel' ? { ...v, shape: [1, 1], data: Float32Array.of(1) } : v,
      ]),
    );
    expect(() => tfjsLayersFiles(files, { ...graph, values })).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED' }),
    );
  });

  test('a failing write leaves nothing behind', async () => {
    const source = await convolutional();
    const files = ModelFiles.fromMemory(source);
    const { graph } = await readModel(files);
    writeTfjsLayers(files, graph, join(dir, 'file'));
    const target = join(dir, 'file', 'model.json');
    expect(() => writeTfjsLayers(files, graph, target)).toThrow(expect.objectContaining({ code: 'E_IO' }));
    expect(readdirSync(join(dir, 'file')).sort()).toEqual(['model.json', 'weights.bin']);
    expect(new Uint8Array(readFileSync(target))).toEqual(tfjsLayersFiles(files, graph).get('model.json'));
  });
});
