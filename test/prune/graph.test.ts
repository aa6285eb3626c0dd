/** Pruning graphs without data: counts, protection, patterns, channels, and what is written back. */
import { describe, expect, test } from 'vitest';
import type { Graph, GraphBuilder, ValueId } from '../../compiler/ir/graph.ts';
import { removeDeadChannels } from '../../compiler/passes/index.ts';
import { findLayers, type PruneOptions, parseGranularity, pruneGraph } from '../../compiler/prune/index.ts';
import { matches } from '../../compiler/prune/layers.ts';
import { countZeros } from '../../compiler/prune/report.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { difference } from '../samples.ts';
import { constant, inputOf, sketch } from './graphs.ts';

/** conv 3→8, conv 8→16, depthwise, 1×1 16→40, mean, dense: every kind of protection. */
function network(): Graph {
  return sketch((b) => {
    const x = b.input('x', 'float32', [1, 3, 10, 10]);
    const a = relu(b, conv(b, x, 'first', [8, 3, 3, 3]));
    const c = relu(b, conv(b, a, 'middle', [16, 8, 3, 3]));
    const d = relu(b, conv(b, c, 'depthwise', [16, 1, 3, 3], 16));
    const e = relu(b, conv(b, d, 'pointwise', [40, 16, 1, 1]));
    const pooled = b.one('reduceMean', [e], { axes: [2, 3], keepDims: false });
    b.output('y', b.one('dense', [pooled, constant(b, [10, 40]), constant(b, [10])], {}, { name: 'last' }));
  });
}

const relu = (b: GraphBuilder, x: ValueId) => b.one('relu', [x]);
function conv(b: GraphBuilder, x: ValueId, name: string, shape: number[], groups = 1): ValueId {
  const pad = (shape[2] - 1) / 2;
  const attrs = {
    strides: [1, 1],
    dilations: [1, 1],
    pads: [
      [pad, pad],
      [pad, pad],
    ],
    groups,
  };
  return b.one('conv', [x, constant(b, shape), constant(b, [shape[0]])], attrs, { name });
}

const prune = (graph: Graph, options: PruneOptions) => pruneGraph(graph, options);
const layersOf = (graph: Graph) => new Map(findLayers(graph).map((l) => [l.name, l]));

describe('counts', () => {
  test.each([0, 0.37, 0.5, 0.8])('the share of zeros is exactly %d', async (sparsity) => {
    const graph = network();
    const { graph: pruned, report } = await prune(graph, { sparsity });
    const open = findLayers(graph).filter(
      (l) => l.name === 'middle' || l.name === 'pointwise' || l.name === 'last',
    );
    const total = open.reduce((n, l) => n + l.weights.length, 0);
    const zeros = open.reduce((n, l) => n + countZeros(layersOf(pruned).get(l.name)!.weights), 0);
    expect(zeros).toBe(Math.round(sparsity * total));
    expect(report.sparsity.pruned).toBe(zeros / total);
    for (const l of report.layers) expect(l.zeros).toBe(countZeros(layersOf(pruned).get(l.name)!.weights));
  });

  test('zeros are +0, and survivors are untouched', async () => {
    const graph = network();
    const { graph: pruned } = await prune(graph, { sparsity: 0.6 });
    for (const [name, l] of layersOf(pruned)) {
      const before = layersOf(graph).get(name)!.weights;
      l.weights.forEach((w, i) => {
        expect(w === 0 ? Object.is(w, 0) : w === before[i]).toBe(true);
      });
    }
  });

  test('the largest weights of a layer stay', async () => {
    const { graph: pruned } = await prune(network(), { sparsity: 0.7 });
    const before = layersOf(network()).get('last')!.weights;
    const after = layersOf(pruned).get('last')!.weights;
    const kept = before.filter((_, i) => after[i] !== 0).map(Math.abs);
    const gone = before.filter((_, i) => after[i] === 0).map(Math.abs);
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...gone));
  });

  test('a threshold takes what is smaller', async () => {
    const { graph: pruned } = await prune(network(), { threshold: 0.5 });
    const before = layersOf(network()).get('middle')!.weights;
    expect(layersOf(pruned).get('middle')!.weights).toEqual(before.map((w) => (Math.abs(w) < 0.5 ? 0 : w)));
  });
});

describe('protection', () => {
  test('first and depthwise convolutions are left alone, a fifth of the last layer stays', async () => {
    const graph = network();
    const { graph: pruned, report } = await prune(graph, { sparsity: 0.95 });
    for (const name of ['first', 'depthwise']) {
      expect(layersOf(pruned).get(name)!.weights).toEqual(layersOf(graph).get(name)!.weights);
      expect(report.layers.find((l) => l.name === name)!.kept).toBeTypeOf('string');
    }
    const last = report.layers.find((l) => l.name === 'last')!;
    expect(last.zeros / last.weights).toBeLessThanOrEqual(0.8);
  });

  test('rules lift it, fix a share, or keep; the last that fits wins', async () => {
    const { report } = await prune(network(), {
      sparsity: 0.5,
      layers: [
        { pattern: '*wise', sparsity: 0.25 },
        { pattern: 'pointwise', keep: true },
        { pattern: 'first' },
      ],
    });
    const of = (name: string) => report.layers.find((l) => l.name === name)!;
    expect(of('depthwise').zeros).toBe(36);
    expect(of('pointwise').zeros).toBe(0);
    expect(of('first').kept).toBeUndefined();
  });

  test('a pattern that fits nothing is an error that lists the layers', async () => {
    await expect(prune(network(), { layers: [{ pattern: 'convolution*' }] })).rejects.toThrow(
      expect.objectContaining({ code: 'E_USAGE', hint: expect.stringContaining('depthwise') }),
    );
  });

  test.each([
    ['conv*', 'conv1', true],
    ['conv*', 'my_conv1', false],
    ['*.1', 'a.1', true],
    ['*.1', 'a11', false],
    ['a*b*c', 'a1b2c', true],
    ['a+', 'a+', true],
  ])('%s fits %s: %s', (pattern, name, want) => {
    expect(matches(pattern, name)).toBe(want);
  });
});

describe('patterns', () => {
  test.each([
    ['4x1', 4, 1],
    ['1x4', 1, 4],
    ['2x1', 2, 1],
  ])('%s blocks are whole', async (text, r, c) => {
    const { graph, report } = await prune(network(), { sparsity: 0.5, granularity: parseGranularity(text) });
    expect(report.sparsity.pruned).toBeGreaterThanOrEqual(0.5);
    expect(report.sparsity.pruned).toBeLessThan(0.51);
    const { weights, rows, cols } = layersOf(graph).get('middle')!;
    for (let i = 0; i < rows; i += r) {
      for (let k = 0; k < cols; k += c) {
        const block = [];
        for (let a = 0; a < r; a++)
          for (let b = 0; b < c; b++) block.push(weights[(i + a) * cols + k + b] === 0);
        expect(new Set(block).size).toBe(1);
      }
    }
  });

  test('2:4', async () => {
    const { graph } = await prune(network(), { sparsity: 0.5, granularity: parseGranularity('2:4') });
    const { weights, cols } = layersOf(graph).get('last')!;
    for (let i = 0; i < weights.length; i += 4) {
      expect(i % cols).toBeLessThan(cols - 3);
      expect(countZeros(weights.subarray(i, i + 4))).toBe(2);
    }
  });

  test.each(['', '0x1', '4x', '3:2', 'rows', '4×1'])('%j is no granularity', (text) => {
    expect(() => parseGranularity(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

/** Two residual blocks over one trunk: its channels can only go in all four convolutions at once. */
function residual(): Graph {
  return sketch((b) => {
    const x = b.input('x', 'float32', [1, 6, 7, 7]);
    let trunk = relu(b, conv(b, x, 'stem', [8, 6, 3, 3]));
    for (const name of ['a', 'b']) {
      const inner = relu(b, conv(b, trunk, `${name}1`, [12, 8, 3, 3]));
      trunk = relu(b, b.one('add', [trunk, conv(b, inner, `${name}2`, [8, 12, 3, 3])]));
    }
    const flat = b.one('reshape', [trunk], { shape: [1, 8 * 49] });
    b.output('y', b.one('dense', [flat, constant(b, [5, 392]), constant(b, [5])], {}, { name: 'head' }));
  });
}

describe('channels', () => {
  test('disappear across residual sums, and the result is that of the zeros', async () => {
    const graph = residual();
    const { graph: pruned, report } = await prune(graph, { sparsity: 0.5, granularity: { kind: 'row' } });
    const { graph: small, removed } = removeDeadChannels(pruned);
    expect(report.sparsity.pruned).toBeGreaterThanOrEqual(0.5);
    const names = removed.map((r) => r.layer);
    expect(names).toEqual(expect.arrayContaining(['stem', 'a2', 'b2']));
    const trunk = removed.filter((r) => ['stem', 'a2', 'b2'].includes(r.layer)).map((r) => r.after);
    expect(new Set(trunk).size).toBe(1);
    const input = inputOf(graph, 3);
    expect(difference(evaluateGraph(small, input).y, evaluateGraph(pruned, input).y)).toBeLessThan(1e-6);
    expect(report.layers.find((l) => l.name === 'head')!.kept).toMatch(/output/);
  });

  test('every zero of the report is gone from the smaller graph', async () => {
    const { graph: pruned, report } = await prune(residual(), {
      sparsity: 0.4,
      granularity: { kind: 'row' },
    });
    const { graph: small } = removeDeadChannels(pruned);
    for (const l of findLayers(small)) {
      const before = report.layers.find((r) => r.name === l.name)!;
      expect(l.weights.length).toBe(before.weights - before.zeros);
    }
  });

  test('channels of a kept layer stay, and with them all that share them', async () => {
    const { graph: pruned } = await prune(residual(), {
      sparsity: 0.5,
      granularity: { kind: 'row' },
      layers: [{ pattern: 'b2', keep: true }],
    });
    const { removed } = removeDeadChannels(pruned);
    expect(removed.map((r) => r.layer).sort()).toEqual(['a1', 'b1']);
  });

  test('uniform takes alike of every group of channels, whatever the size of its weights', async () => {
    const graph = residual();
    const values = new Map(graph.values);
    const a1 = findLayers(graph).find((l) => l.name === 'a1')!;
    values.set(a1.value, { ...values.get(a1.value)!, data: a1.weights.map((w) => 100 * w) });
    const scaled = { ...graph, values };
    const gone = async (allocation: 'uniform' | 'global') => {
      const granularity = { kind: 'row' } as const;
      const { graph: pruned } = await prune(scaled, { sparsity: 0.5, granularity, allocation });
      const { removed } = removeDeadChannels(pruned);
      return new Map(removed.map((r) => [r.layer, 1 - r.after / r.before]));
    };
    const [uniform, global] = [await gone('uniform'), await gone('global')];
    const shares = ['a1', 'b1', 'stem'].map((name) => uniform.get(name)!);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1 / 12);
    expect(global.get('a1')).toBeUndefined();
  });

  test('no layer loses its last channel', async () => {
    const { graph: pruned } = await prune(residual(), { sparsity: 0.99, granularity: { kind: 'row' } });
    for (const l of findLayers(pruned)) expect(countZeros(l.weights)).toBeLessThan(l.weights.length);
  });
});

describe('options that can not be met', () => {
  test.each<[string, PruneOptions]>([
    ['sparsity 1', { sparsity: 1 }],
    ['sparsity NaN', { sparsity: Number.NaN }],
    ['threshold and sparsity', { sparsity: 0.5, threshold: 0.1 }],
    ['threshold of blocks', { threshold: 0.1, granularity: { kind: 'block', rows: 4, cols: 1 } }],
    ['second order without samples', { sparsity: 0.5, method: 'obs' }],
    ['training without samples', { sparsity: 0.5, finetune: true }],
    ['batches of nothing', { data: { samples: [] }, finetune: { batch: 0 } }],
    ['negative decay', { data: { samples: [] }, finetune: { l2: -1 } }],
  ])('%s', async (_, options) => {
    await expect(prune(network(), options)).rejects.toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

test('without data little goes, and a loud note says what samples would bring', async () => {
  const [plain, asked] = await Promise.all([prune(network(), {}), prune(network(), { sparsity: 0.8 })]);
  expect(plain.report).toMatchObject({ method: 'magnitude', allocation: 'lamp' });
  expect(plain.report.sparsity.pruned).toBeCloseTo(0.3, 3);
  expect(plain.report.notes.join()).toMatch(/^PRUNED BY MAGNITUDE WITHOUT DATA.*--calibrate/);
  expect(asked.report.notes.join()).toMatch(/ruins many networks.*unverified/);
});
