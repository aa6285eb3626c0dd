/** Every method on every kind of layer and in every pattern; what is done by default; repairs that have to pay. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { answersOf, compare } from '../../compiler/prune/answers.ts';
import { correctStatistics } from '../../compiler/prune/correct.ts';
import { join, partOf, split } from '../../compiler/prune/data.ts';
import { outputWeights } from '../../compiler/prune/fisher.ts';
import { findLayers, type PrunableLayer, parseGranularity, pruneGraph } from '../../compiler/prune/index.ts';
import { planLayers } from '../../compiler/prune/layers.ts';
import { keepCounts } from '../../compiler/prune/magnitude.ts';
import type { Granularity, Method } from '../../compiler/prune/math/problem.ts';
import { oneShot } from '../../compiler/prune/oneshot.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { convNet, recurrentNet, samplesOf } from './graphs.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await loadBackend('wasm');
});

const methods: readonly Method[] = ['wanda', 'taylor', 'sparsegpt', 'obs', 'alps'];
const patterns = ['element', '4x1', '1x4', '2x1', '2:4'];
/** Convolutions with strides, groups and 1 × 1, dense layers; weights of inputs and of states. */
const networks: Record<string, Graph> = { convolutions: convNet(), recurrent: recurrentNet() };
const secondOrder = new Set<Method>(['sparsegpt', 'obs', 'alps']);

describe.each(Object.keys(networks))('%s', (network) => {
  const graph = networks[network];
  const plans = planLayers(findLayers(graph), []);
  const data = { samples: samplesOf(graph, 16, 5) };
  const labels = Int32Array.from({ length: 16 }, (_, i) => i % 4);

  describe.each(methods)('%s', (method) => {
    // The states of a recurrent network can't go one by one.
    test.each(network === 'recurrent' ? patterns : [...patterns, 'channel'])('%s', async (pattern) => {
      const granularity = parseGranularity(pattern);
      const sparsity = pattern === '2:4' ? 0.5 : 0.7;
      const labelled = method === 'taylor' && network === 'recurrent' ? { ...data, labels } : data;
      const options = { data: labelled, finetune: false, sparsity, granularity, method } as const;
      const { graph: pruned, report } = await pruneGraph(graph, options);
      const keep = keepCounts(plans, sparsity, 'lamp');
      const layers = findLayers(pruned);
      layers.forEach((layer, i) => {
        expect(layer.weights.every((w) => w !== 0 || Object.is(w, 0))).toBe(true);
        if (granularity.kind === 'row') return;
        checkPattern(layer, granularity, keep[i]);
        expect(report.layers[i].method).toBe(method);
        if (secondOrder.has(method)) expect(report.layers[i].loss).toBeLessThan(1);
      });
      if (granularity.kind === 'row') expect(report.layers.some((l) => l.zeros > 0)).toBe(true);
    });
  });
});

/** Counted here, not by the code that made it. */
function checkPattern({ weights, rows, cols }: PrunableLayer, g: Granularity, keep: number): void {
  const zero = (r: number, c: number) => weights[r * cols + c] === 0;
  const left = weights.reduce((n, w) => n + (w === 0 ? 0 : 1), 0);
  if (g.kind === 'nm') {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c += g.of) {
        const group = Array.from({ length: Math.min(g.of, cols - c) }, (_, i) => zero(r, c + i));
        expect(group.filter((z) => !z).length).toBeLessThanOrEqual(g.keep);
      }
    }
    return;
  }
  expect(left).toBeLessThanOrEqual(keep);
  if (g.kind === 'element') expect(left).toBe(keep);
  if (g.kind !== 'block') return;
  expect(left).toBeGreaterThan(keep - 2 * g.rows * g.cols * 2);
  for (let r = 0; r < rows; r += g.rows) {
    for (let c = 0; c < cols; c += g.cols) {
      const block = [];
      for (let i = r; i < Math.min(r + g.rows, rows); i++) {
        for (let j = c; j < Math.min(c + g.cols, cols); j++) block.push(zero(i, j));
      }
      expect(new Set(block).size).toBe(1);
    }
  }
}

test('taylor needs a loss', async () => {
  const graph = recurrentNet();
  const run = pruneGraph(graph, { data: { samples: samplesOf(graph, 10, 1) }, method: 'taylor' });
  await expect(run).rejects.toThrow(expect.objectContaining({ code: 'E_USAGE' }));
});

describe('by default', () => {
  const graph = convNet();
  const samples = samplesOf(graph, 60, 3);

  test('samples: one-shot by second order, nothing trained', async () => {
    const { report } = await pruneGraph(graph, { data: { samples } });
    expect(report).toMatchObject({ method: 'alps', allocation: 'lamp', granularity: 'element' });
    expect(report.sparsity.pruned).toBeCloseTo(0.8, 2);
    expect(report.untrained).toBeUndefined();
  });

  test('labels: one-shot, then distillation', async () => {
    const labels = Int32Array.from(samples, (_, i) => i % 6);
    const stop = new AbortController();
    const progress = {
      stage: (name: string) => ({
        update: (n: number) => name === 'fine-tune' && n > 3 && stop.abort(),
        done() {},
      }),
    };
    const { report } = await pruneGraph(
      graph,
      { data: { samples, labels } },
      { progress, signal: stop.signal },
    );
    expect(report.method).toBe('alps');
    expect(report.sparsity.pruned).toBeCloseTo(0.9, 2);
    expect(report.untrained).toBeDefined();
  });
});

test.each(['magnitude', 'obs'] as const)(
  '%s: statistics are moved back only where that brings answers closer',
  async (method) => {
    const graph = convNet();
    const data = { samples: samplesOf(graph, 80, 4) };
    const { report } = await pruneGraph(graph, { data, method, sparsity: 0.6, seed: 2 });
    const parts = split(partOf(graph, data), undefined, 2);
    const all = join(parts.fit, parts.choose);
    const plans = planLayers(findLayers(graph), []);
    const keep = keepCounts(plans, 0.6, 'lamp');
    const how = { method, granularity: { kind: 'element' }, seed: 2 } as const;
    const layers = plans.map((p) => p.layer);
    const outputs = method === 'obs' && { outputs: await outputWeights(tf, graph, layers, all, 2) };
    const { constants, masks } = await oneShot(tf, graph, plans, keep, all, { ...how, ...outputs });
    const moved = await correctStatistics(tf, graph, constants, all, 'relative', masks);
    const dense = answersOf(tf, graph, parts.choose);
    const [before, after] = [constants, moved].map(
      (c) => compare(dense, answersOf(tf, graph, parts.choose, c)).divergence,
    );
    expect(before).not.toBeCloseTo(after, 6);
    expect(report.agreement!.divergence).toBeCloseTo(Math.min(before, after), 6);
    expect(report.notes.some((n) => /moved back/.test(n))).toBe(after < before);
  },
);
