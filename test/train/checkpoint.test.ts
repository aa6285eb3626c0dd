/** A run that was interrupted and resumed ends as one that was not, to the bit. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../compiler/ir/graph.ts';
import type { random } from '../../compiler/ir/random.ts';
import { type PruneContext, type PruneOptions, pruneGraph } from '../../compiler/prune/index.ts';
import { semantics } from '../../compiler/semantics/evaluate.ts';
import { constant, samplesOf } from '../prune/graphs.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const graph = (() => {
  const b = new GraphBuilder(semantics, 'net');
  const x = b.input('x', 'float32', [1, 10]);
  const dense = (v: number, n: number, m: number) =>
    b.node('dense', [v, constant(b, [m, n]), constant(b, [m], 3)], {}, { name: `dense${m}` })[0];
  const h = b.node('relu', [dense(x, 10, 32)], {}, { name: 'relu' })[0];
  b.output('y', b.node('softmax', [dense(h, 32, 4)], { axis: -1 }, { name: 'softmax' })[0]);
  return b.finish();
})();

const samples = samplesOf(graph, 200, 5);
const labels = Int32Array.from(samples, (s) => (s.x.data[0] > 0 ? 1 : 0) + (s.x.data[5] > 0 ? 2 : 0));

const options: PruneOptions = {
  sparsity: 0.7,
  data: { samples, labels },
  seed: 3,
  finetune: { epochs: 6, batch: 16 },
};

const augment = (batch: Float32Array, chance: ReturnType<typeof random>) => {
  for (let i = 0; i < batch.length; i++) batch[i] += 0.01 * chance.normal();
};

const weights = async (o: PruneOptions, context: PruneContext = {}) => {
  const { graph: pruned } = await pruneGraph(graph, o, context);
  return [...pruned.values.values()].flatMap((v) =>
    v.data ? [Buffer.from((v.data as Float32Array).slice().buffer).toString('hex')] : [],
  );
};

/** Runs until the stage of training has come so far, and aborts it there. */
async function interrupted(o: PruneOptions, context: PruneContext, after: number) {
  const abort = new AbortController();
  const progress = {
    stage: (name: string) => ({
      update: (done: number) => void (name === 'fine-tune' && done >= after && abort.abort()),
      done() {},
    }),
  };
  return weights(o, { ...context, progress, signal: abort.signal });
}

describe.each<[string, PruneOptions, number[]]>([
  ['masks that stay', options, [7, 30]],
  ['gradual', { ...options, finetune: { epochs: 8, batch: 16, schedule: 'gradual' } }, [13, 25, 60]],
  ['augmentation', { ...options, finetune: { epochs: 4, batch: 16, augment } }, [11]],
  ['momentum', { ...options, finetune: { epochs: 4, batch: 16, optimizer: 'momentum' } }, [20]],
])('%s', (name, o, stops) => {
  test('resumed, it ends as if it had not been interrupted', async () => {
    const whole = await weights(o);
    const checkpoint = { folder: join(folder, name) };
    const first = await interrupted(o, { checkpoint }, stops[0]);
    expect(first).not.toEqual(whole);
    const resume = { ...checkpoint, resume: true };
    for (const stop of stops.slice(1)) await interrupted(o, { checkpoint: resume }, stop);
    expect(await weights(o, { checkpoint: resume })).toEqual(whole);
    // What has ended is not trained again.
    let steps = 0;
    const progress = {
      stage: (name: string) => ({ update: () => void (steps += Number(name === 'fine-tune')), done() {} }),
    };
    expect(await weights(o, { checkpoint: resume, progress })).toEqual(whole);
    expect(steps).toBeLessThan(5);
  });
});

test('a checkpoint of another run is refused, and one is not written over', async () => {
  const checkpoint = { folder: join(folder, 'mine') };
  await weights(options, { checkpoint });
  await expect(weights(options, { checkpoint })).rejects.toThrow('holds the checkpoint of a run');
  const resume = { ...checkpoint, resume: true };
  for (const other of [
    { ...options, seed: 4 },
    { ...options, sparsity: 0.6 },
    { ...options, finetune: { epochs: 7, batch: 16 } },
    { ...options, data: { samples: samplesOf(graph, 200, 6), labels } },
  ])
    await expect(weights(other, { checkpoint: resume })).rejects.toMatchObject({ code: 'E_USAGE' });
  await expect(weights({ ...options, finetune: false }, { checkpoint: resume })).rejects.toThrow(
    'fine-tuning',
  );
});

test('a damaged checkpoint is refused', async () => {
  const checkpoint = { folder: join(folder, 'damaged'), resume: true };
  await weights(options, { checkpoint });
  const file = join(checkpoint.folder, 'finetune.safetensors');
  const bytes = readFileSync(file);
  for (const damage of [bytes.subarray(0, bytes.length - 8), bytes.subarray(0, 100), Buffer.from('x')]) {
    writeFileSync(file, damage);
    await expect(weights(options, { checkpoint })).rejects.toMatchObject({ code: 'E_DATA' });
  }
});

test('checkpoints are safetensors', async () => {
  const checkpoint = { folder: join(folder, 'format'), resume: true };
  await weights(options, { checkpoint });
  const bytes = readFileSync(join(checkpoint.folder, 'finetune.safetensors'));
  const length = Number(bytes.readBigUInt64LE());
  const { __metadata__, ...tensors } = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  expect(Object.values(__metadata__).every((v) => typeof v === 'string')).toBe(true);
  const sizes: Record<string, number> = { F32: 4, U32: 4, U8: 1 };
  let at = 0;
  for (const { dtype, shape, data_offsets } of Object.values<{
    dtype: string;
    shape: number[];
    data_offsets: number[];
  }>(tensors)) {
    expect(data_offsets).toEqual([at, at + sizes[dtype] * shape[0]]);
    at = data_offsets[1];
  }
  expect(bytes.length).toBe(8 + length + at);
});
