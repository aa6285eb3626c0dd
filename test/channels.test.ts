/** Pruned channels in whole models: gone from the module, with the reasons where they stay. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { channelLines } from '../compiler/describe.ts';
import { compile, load, type Model, type PruneModelOptions, prune, verify } from '../compiler/index.ts';
import { removeDeadChannels } from '../compiler/passes/index.ts';

const example = (path: string) => load(fileURLToPath(new URL(`../examples/${path}`, import.meta.url)));

const channels = (sparsity: number): PruneModelOptions => ({
  sparsity,
  method: 'magnitude',
  allocation: 'uniform',
  granularity: { kind: 'row' },
});

async function modules(model: Model) {
  const [control, small] = [await compile(model, { sparse: false }), await compile(model)];
  return { control, small, weights: (m: typeof small) => m.metadata.layers.map((l) => l.rows * l.cols) };
}

test.each(['fashion/models/resnet-8', 'lenet/models/lenet-5'])('%s', { timeout: 120_000 }, async (path) => {
  const model = await prune(await example(path), channels(0.5));
  const { control, small, weights } = await modules(model);
  const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
  expect(control.metadata.channels.removed).toEqual([]);
  const { removed, saved } = small.metadata.channels;
  expect(removed.length).toBeGreaterThan(1);
  expect(total(weights(small))).toBeLessThan(0.7 * total(weights(control)));
  expect(saved.macs.after).toBeLessThan(saved.macs.before);
  for (const { layer, after } of removed) {
    expect(small.metadata.layers.find((l) => l.name === layer)!.rows).toBe(after);
  }
  expect(small.wasm.length).toBeLessThan(0.8 * control.wasm.length);
  const found = await verify(model, small.wasm, { random: 8 });
  expect(found.ok).toBe(true);
});

test('a row of zeros that softmax reads stays, and the module says why', async () => {
  const opened = await example('lenet/models/lenet-300-100');
  const values = new Map(opened.graph.values);
  const last = opened.graph.nodes.findLast((n) => n.kind === 'dense')!;
  const w = values.get(last.inputs[1]!)!;
  const data = (w.data as Float32Array).slice();
  data.fill(0, 0, w.shape[1]);
  values.set(w.id, { ...w, data });
  const graph = { ...opened.graph, values };
  const { metadata } = await compile({ ...opened, graph });
  expect(metadata.channels.kept).toEqual([
    { layer: last.name, channels: 1, reason: 'probabilities (Softmax) mixes or needs them' },
  ]);
  expect(channelLines(metadata.channels)).toEqual([
    `${last.name} keeps 1 row of zeros: probabilities (Softmax) mixes or needs them.`,
  ]);
  expect(metadata.channels).toEqual((({ graph: _, ...report }) => report)(removeDeadChannels(graph)));
});
