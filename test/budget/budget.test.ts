/** Budgets on real models: what is asked for is what the module takes. */
import { beforeAll, describe, expect, test } from 'vitest';
import { levelCosts } from '../../compiler/budget/costs.ts';
import { describe as facts } from '../../compiler/describe.ts';
import { compile, load, type Model, type PruneModelOptions, prune } from '../../compiler/index.ts';
import { fuse } from '../../compiler/plan/fuse.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { layerInfo } from '../../compiler/plan/report.ts';
import { select } from '../../compiler/plan/select.ts';
import { stage } from '../../compiler/plan/stage.ts';
import { findLayers, parseGranularity, pruneGraph } from '../../compiler/prune/index.ts';
import { planLayers } from '../../compiler/prune/layers.ts';
import { countZeros } from '../../compiler/prune/report.ts';
import { save, seedWeights, tf } from '../import/models.ts';
import { samplesOf } from '../prune/graphs.ts';

const folder = new URL('../../examples/lenet/models/', import.meta.url).pathname;
let lenet: Model;
/** 64 → 96 → 48 → 10, 11,000 weights. */
let small: Model;

beforeAll(async () => {
  lenet = await load(`${folder}lenet-300-100`);
  const { dense } = tf.layers;
  const net = tf.sequential({
    name: 'small',
    layers: [
      dense({ units: 96, inputShape: [64], activation: 'relu', name: 'a' }),
      dense({ units: 48, activation: 'relu', name: 'b' }),
      dense({ units: 10, activation: 'softmax', name: 'c' }),
    ],
  });
  seedWeights(net);
  small = await load(await save(net));
});

const within = (model: Model, budget: PruneModelOptions['budget'], more: PruneModelOptions = {}) =>
  prune(model, { budget, ...more });

describe('tables of costs', () => {
  test.each(['element', '4x1', '2:4'])('are what selection gives for the same masks: %s', async (text) => {
    const granularity = parseGranularity(text);
    const { graph } = await load(`${folder}lenet-5`);
    const plans = planLayers(findLayers(graph), []);
    const how = { build: 'simd', objective: 'speed' } as const;
    const levels = plans.map((p) => (p.kept === undefined ? [0, 0.5] : [0]));
    const costs = levelCosts(graph, plans, levels, granularity, how);
    const layers = plans.map((p) => ({ pattern: p.layer.name, sparsity: 0.5 }));
    const { graph: pruned } = await pruneGraph(graph, { granularity, layers });
    const staged = stage(fuse(lower(pruned)));
    const infos = layerInfo(staged.plan, select(staged, { ...how, sparse: true }));
    plans.forEach(({ layer, kept }, i) => {
      if (kept !== undefined) return;
      const info = infos.find((l) => l.name === layer.name)!;
      expect(costs[i][1].latencyMs).toBeCloseTo(info.predictedNs / 1e6, 9);
      expect(costs[i][1].bytes / info.bytes).toBeCloseTo(1, 2);
      expect(costs[i][1].macs).toBeCloseTo((info.macs * info.nnz) / (info.rows * info.cols), 3);
    });
  });
});

describe('bytes', () => {
  test('hold the whole module of a real network', async () => {
    const bytes = 60_000;
    const pruned = await within(lenet, { bytes });
    const { wasm } = await compile(pruned);
    expect(wasm.length).toBeLessThanOrEqual(bytes);
    expect(wasm.length).toBeGreaterThan(0.95 * bytes);
    const { budget, layers } = pruned.pruning!.report!;
    expect(budget).toMatchObject({ asked: { bytes }, measured: { bytes: wasm.length } });
    for (const l of findLayers(pruned.graph))
      expect(layers.find((r) => r.name === l.name)!.zeros).toBe(countZeros(l.weights));
  });

  test('hold with blocks', async () => {
    const pruned = await within(small, { bytes: 25_000 }, { granularity: parseGranularity('4x1') });
    expect((await compile(pruned)).wasm.length).toBeLessThanOrEqual(25_000);
    const { weights, rows, cols } = findLayers(pruned.graph)[1];
    for (let r = 0; r < rows; r += 4)
      for (let k = 0; k < cols; k++)
        expect(new Set([0, 1, 2, 3].map((i) => weights[(r + i) * cols + k] === 0)).size).toBe(1);
  });

  test('are those of the options that the module is compiled with', async () => {
    const how = { optimize: 'size', simd: 'scalar', name: 'a-rather-long-name' } as const;
    const pruned = await within(small, { bytes: 20_000 }, { compile: how });
    const { wasm } = await compile(pruned, how);
    expect(wasm.length).toBe(pruned.pruning!.report!.budget!.measured.bytes);
    expect(wasm.length).toBeLessThanOrEqual(20_000);
  });

  test('1:8 is taken by the layers that need it, and the rest stays whole', async () => {
    const dense = (await compile(small)).wasm.length;
    const bytes = dense - 5000;
    const pruned = await within(small, { bytes }, { granularity: parseGranularity('1:8') });
    expect((await compile(pruned)).wasm.length).toBeLessThanOrEqual(bytes);
    const shares = pruned.pruning!.report!.layers.map((l) => l.zeros / l.weights);
    for (const s of shares) expect([0, 0.875]).toContain(s);
    expect(new Set(shares).size).toBe(2);
  });

  test('enough for the whole network leave it whole', async () => {
    const pruned = await within(small, { bytes: 5e6 });
    expect(pruned.pruning!.report!.sparsity.prunable).toBe(0);
    expect(pruned.pruning!.report!.notes.join()).toContain('as it is');
  });

  test('too few are an error that says what comes closest', async () => {
    const error = await within(small, { bytes: 1000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'E_BUDGET', exitCode: 1 });
    const [, least] = /reached: ([\d.]+) kB, at [\d.]+ % zeros/.exec((error as Error).message)!;
    // What is said to be the least can be reached.
    const bytes = Math.ceil(1000 * Number(least) + 100);
    const pruned = await within(small, { bytes });
    expect(pruned.pruning!.report!.budget!.measured.bytes).toBeLessThanOrEqual(bytes);
  });
});

test('multiply-accumulates are those of the weights that are left', async () => {
  const pruned = await within(small, { macs: 3000 });
  const left = findLayers(pruned.graph).reduce((n, l) => n + l.weights.length - countZeros(l.weights), 0);
  const others = facts(small.graph).reduce((n, f) => n + (f.prunable ? 0 : f.macs), 0);
  expect(left + others).toBeLessThanOrEqual(3000);
  expect(left + others).toBeGreaterThan(0.95 * 3000);
  expect(pruned.pruning!.report!.budget!.measured.macs).toBeCloseTo(left + others, 3);
});

test('rules hold, and the levels chosen are recorded as rules that repeat the result', async () => {
  const bytes = 30_000;
  const layers = [
    { pattern: 'b', sparsity: 0.25 },
    { pattern: 'c', keep: true },
  ];
  const pruned = await within(small, { bytes }, { layers });
  const report = pruned.pruning!.report!;
  expect(report.layers[1].zeros).toBe(Math.round(0.25 * report.layers[1].weights));
  expect(report.layers[2].zeros).toBe(0);
  const recorded = pruned.pruning!.options as PruneModelOptions;
  expect(recorded.budget).toEqual({ bytes });
  const again = await prune(small, recorded);
  expect(again.pruning!.report!.budget!.builds).toBe(1);
  expect((await compile(again)).wasm).toEqual((await compile(pruned)).wasm);
});

describe('a drop', () => {
  const drop = 40;
  test('is kept to on the samples that decide, and more than nothing goes', async () => {
    const data = { samples: samplesOf(small.graph, 60, 4) };
    const pruned = await within(small, { drop }, { data, method: 'magnitude' });
    const { decided, budget, sparsity, notes } = pruned.pruning!.report!;
    expect(100 * (1 - decided!.top1)).toBeLessThanOrEqual(drop);
    expect(budget!.measured.drop).toBeCloseTo(100 * (1 - decided!.top1), 9);
    expect(sparsity.pruned).toBeGreaterThan(0.1);
    expect(notes.join()).not.toContain('decided on');
    const more = await within(small, { drop: 85 }, { data, method: 'magnitude' });
    expect(more.pruning!.report!.sparsity.pruned).toBeGreaterThan(sparsity.pruned);
  });

  test('beside bytes that cost more is an error; samples too few for it are named', async () => {
    const data = { samples: samplesOf(small.graph, 60, 4) };
    await expect(within(small, { bytes: 14_000, drop: 0 }, { data })).rejects.toThrow(
      expect.objectContaining({ code: 'E_BUDGET', message: expect.stringMatching(/remains/) }),
    );
    const { pruning } = await within(small, { drop: 1 }, { data, method: 'magnitude' });
    expect(pruning!.report!.notes.join()).toContain('decided on 15 samples');
  });
});

test('a latency is met by what was measured', async () => {
  const { pruning } = await within(small, { latencyMs: 1000 });
  const { measured, denseMs } = pruning!.report!.budget!;
  expect(measured.latencyMs).toBeLessThan(1000);
  expect(denseMs).toBeGreaterThan(0);
  expect((await within(small, { bytes: 1e6 })).pruning!.report!.budget!.denseMs).toBeUndefined();
  const error = await within(small, { latencyMs: 1e-6 }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: 'E_BUDGET',
    message: expect.stringMatching(/can't be reached: .*s, at/),
  });
});

describe('what is refused', () => {
  test.each<[string, PruneModelOptions]>([
    ['no limit', { budget: {} }],
    ['nothing', { budget: { bytes: 0 } }],
    ['less than nothing', { budget: { drop: -1 }, data: { samples: [] } }],
    ['no number', { budget: { latencyMs: Number.NaN } }],
    ['a sparsity besides', { budget: { bytes: 1e5 }, sparsity: 0.5 }],
    ['a threshold besides', { budget: { bytes: 1e5 }, threshold: 0.5 }],
    ['an allocation besides', { budget: { bytes: 1e5 }, allocation: 'erk' }],
    ['a checkpoint', { budget: { bytes: 1e5 }, checkpoint: { folder: 'nowhere' } }],
    ['channels', { budget: { bytes: 1e5 }, granularity: { kind: 'row' } }],
    ['a drop without samples', { budget: { drop: 1 } }],
  ])('%s', async (_, options) => {
    await expect(prune(small, options)).rejects.toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});
