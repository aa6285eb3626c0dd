/** Pruning graphs with samples: what is measured is what the operators do, and what is fitted brings answers closer. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { ops } from '../../compiler/ops/index.ts';
import { answersOf } from '../../compiler/prune/answers.ts';
import { columnsOf } from '../../compiler/prune/columns.ts';
import { correctStatistics } from '../../compiler/prune/correct.ts';
import { overlap, partOf, split } from '../../compiler/prune/data.ts';
import { findLayers, type PruneOptions, pruneGraph } from '../../compiler/prune/index.ts';
import { countZeros } from '../../compiler/prune/report.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { caseOf, difference } from '../samples.ts';
import { convNet, recurrentNet, samplesOf, sketch } from './graphs.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await loadBackend();
});

const prune = (graph: Graph, n: number, options: PruneOptions = {}, seed = 5) =>
  pruneGraph(graph, {
    data: { samples: samplesOf(graph, n, seed) },
    evaluation: { samples: samplesOf(graph, 100, 77) },
    backend: 'wasm',
    ...options,
  });

describe('columns', () => {
  const cases = ['conv', 'convTranspose', 'dense'].flatMap((kind) =>
    ops.get(kind)!.samples.map((s) => [kind, s.name, s] as const),
  );
  test.each(cases)('%s %s: weights times columns is the output', (kind, _, sample) => {
    const { graph, inputs } = caseOf(ops.get(kind)!, sample as never);
    const [layer] = findLayers(graph);
    const { weights, rows, groups } = layer;
    const [x] = Object.values(inputs);
    const columns = columnsOf(graph, layer);
    const want = Object.values(evaluateGraph(graph, inputs))[0];
    const biasId = layer.node.inputs[2];
    const bias = biasId == null ? undefined : graph.values.get(biasId)!.data;
    const positions = want.data.length / rows;
    const all = Uint32Array.from({ length: positions }, (_, i) => i);
    const got = new Float32Array(want.data.length);
    const pixels = kind === 'dense' ? 1 : sizeOf(want.shape.slice(2));
    for (let r = 0; r < rows; r++) {
      const group = Math.floor(r / (rows / groups));
      const read = columns.read(x.data as Float32Array, group, all);
      for (let p = 0; p < positions; p++) {
        let sum = bias?.[r] ?? 0;
        for (let k = 0; k < columns.cols; k++) sum += weights[r * columns.cols + k] * read[k * positions + p];
        const n = Math.floor(p / pixels);
        got[kind === 'dense' ? p * rows + r : (n * rows + r) * pixels + (p % pixels)] = sum;
      }
    }
    expect(difference({ ...want, data: got }, want)).toBeLessThan(1e-5);
    expect(columns.positions * x.shape[0]).toBe(
      kind === 'dense' ? columns.positions * x.shape[0] : positions,
    );
  });
});

describe('one shot', () => {
  test('nothing pruned: nothing changes', async () => {
    const graph = convNet();
    const { graph: pruned } = await prune(graph, 40, { sparsity: 0 });
    for (const s of samplesOf(graph, 3, 9)) {
      expect(difference(evaluateGraph(pruned, s).p, evaluateGraph(graph, s).p)).toBeLessThan(1e-6);
    }
  });

  test.each(['relative', 'bias'] as const)(
    'correcting %s statistics of an unpruned graph changes nothing',
    async (kind) => {
      const graph = convNet();
      const part = partOf(graph, { samples: samplesOf(graph, 20, 1) });
      const same = new Map(findLayers(graph).map((l) => [l.value, l.weights]));
      const moved = await correctStatistics(tf, graph, same, part, kind);
      const [a, b] = [answersOf(tf, graph, part), answersOf(tf, graph, part, moved)];
      a.values.forEach((v, i) => {
        expect(b.values[i]).toBeCloseTo(v, 5);
      });
    },
  );

  test('beats magnitude by far, and counts are exact', async () => {
    const graph = convNet();
    const options = { sparsity: 0.7 } as const;
    const ours = await prune(graph, 800, options);
    const magnitude = await prune(graph, 800, { ...options, method: 'magnitude' });
    expect(ours.report.agreement!.divergence).toBeLessThan(0.7 * magnitude.report.agreement!.divergence);
    expect(ours.report.agreement!.top1).toBeGreaterThan(magnitude.report.agreement!.top1);
    const open = findLayers(ours.graph);
    const zeros = open.reduce((n, l) => n + countZeros(l.weights), 0);
    expect(zeros).toBe(Math.round(0.7 * open.reduce((n, l) => n + l.weights.length, 0)));
  });

  test.each(['wanda', 'sparsegpt', 'obs', 'alps'] as const)('%s: exact counts, +0', async (method) => {
    const { report, graph } = await prune(convNet(), 60, { sparsity: 0.8, method });
    expect(report.sparsity.pruned).toBeCloseTo(0.8, 3);
    expect(report.layers.every((l) => l.method === method)).toBe(true);
    for (const l of findLayers(graph))
      for (const w of l.weights) expect(w !== 0 || Object.is(w, 0)).toBe(true);
  });

  test('recurrent weights are fitted too', async () => {
    const graph = recurrentNet();
    const ours = await prune(graph, 60, { sparsity: 0.5 });
    const magnitude = await prune(graph, 60, { sparsity: 0.5, method: 'magnitude' });
    expect(ours.report.layers.map((l) => l.name)).toEqual(['lstm', 'lstm#1', 'out']);
    expect(ours.report.agreement!.divergence).toBeLessThan(magnitude.report.agreement!.divergence);
  });

  test('channels: removed ones stay removed, the others are fitted', async () => {
    const graph = convNet();
    const options = { sparsity: 0.4, granularity: { kind: 'row' } } as const;
    const fitted = await prune(graph, 200, options);
    const plain = await pruneGraph(graph, options);
    const zeros = (g: Graph) => findLayers(g).map((l) => countZeros(l.weights));
    expect(zeros(fitted.graph)).toEqual(zeros(plain.graph));
    const part = partOf(graph, { samples: samplesOf(graph, 100, 77) });
    const gap = (g: Graph) => {
      const [a, b] = [answersOf(tf, graph, part), answersOf(tf, g, part)];
      return a.values.reduce((s, v, i) => s + (v - b.values[i]) ** 2, 0);
    };
    expect(gap(fitted.graph)).toBeLessThan(0.7 * gap(plain.graph));
  });

  test('the same seed gives the same bits', async () => {
    const runs = await Promise.all([1, 2].map(() => prune(convNet(), 60, { sparsity: 0.8, seed: 3 })));
    const [a, b] = runs.map((r) => findLayers(r.graph).map((l) => l.weights));
    expect(a).toEqual(b);
  });
});

describe('fine-tuning', () => {
  const settings = { epochs: 12, batch: 32, lr: 3e-3 };
  test.each(['gradual', 'fixed'] as const)('%s: masks hold, and answers get closer', async (schedule) => {
    const graph = convNet();
    const common = { sparsity: 0.85, method: 'magnitude' } as const;
    const before = await prune(graph, 600, { ...common, finetune: false });
    const after = await prune(graph, 600, { ...common, finetune: { ...settings, schedule } });
    expect(after.report.sparsity.pruned).toBeCloseTo(0.85, 3);
    expect(after.report.agreement!.divergence).toBeLessThan(0.8 * before.report.agreement!.divergence);
    if (schedule === 'fixed') {
      const weights = (g: Graph) => findLayers(g).map((l) => l.weights);
      weights(before.graph).forEach((w, i) => {
        const now = weights(after.graph)[i];
        w.forEach((v, k) => {
          if (v === 0) expect(Object.is(now[k], 0)).toBe(true);
        });
      });
    }
  });

  test('ended before the last masks came, it still owes none', async () => {
    const graph = convNet();
    const stop = new AbortController();
    const progress = { stage: () => ({ update: (n: number) => n > 3 && stop.abort(), done() {} }) };
    const data = { samples: samplesOf(graph, 200, 5) };
    const { report } = await pruneGraph(
      graph,
      { data, sparsity: 0.9, finetune: { ...settings, schedule: 'gradual' } },
      { progress, signal: stop.signal },
    );
    expect(report.sparsity.pruned).toBeCloseTo(0.9, 3);
    expect(report.notes.join()).toMatch(/ended early/);
  });

  test('the same seed gives the same bits, another one others', async () => {
    const graph = convNet();
    const run = async (seed: number) => {
      const finetune = { ...settings, epochs: 1 };
      const { graph: g } = await prune(graph, 48, { sparsity: 0.7, method: 'magnitude', finetune, seed });
      return findLayers(g).map((l) => l.weights);
    };
    const [a, b, c] = [await run(1), await run(1), await run(2)];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

describe('parts', () => {
  const graph = sketch((b) => b.output('y', b.one('relu', [b.input('x', 'float32', [1, 3])])));
  const part = (n: number, seed: number) => partOf(graph, { samples: samplesOf(graph, n, seed) });

  test.each([1, 2, 8, 256, 1000, 9000])('%d samples: parts are apart and complete', (n) => {
    const all = part(n, 1);
    const { fit, choose, report } = split(all, undefined, 4);
    if (n > 1) expect(overlap(fit, choose)).toBe(0);
    if (n > 1) expect(fit.n + choose.n + (report?.n ?? 0)).toBe(n);
    if (report) expect(overlap(report, fit) + overlap(report, choose)).toBe(0);
  });

  test('samples that were used for both are noticed', async () => {
    const net = convNet();
    const used = samplesOf(net, 20, 1);
    const { report } = await pruneGraph(net, {
      sparsity: 0.2,
      data: { samples: used },
      evaluation: { samples: [...samplesOf(net, 5, 2), ...used.slice(3, 6)] },
    });
    expect(report.notes.join()).toMatch(/^3 samples/);
  });

  test('an evaluation alone judges magnitude pruning', async () => {
    const net = convNet();
    const evaluation = { samples: samplesOf(net, 30, 77) };
    const { report, graph: pruned } = await pruneGraph(net, { sparsity: 0.6, evaluation });
    expect(report.agreement!.n).toBe(30);
    expect(report.agreement!.divergence).toBeGreaterThan(0);
    const plain = await pruneGraph(net, { sparsity: 0.6 });
    expect(findLayers(pruned).map((l) => l.weights)).toEqual(findLayers(plain.graph).map((l) => l.weights));
  });

  const bad: [string, Record<string, Tensor>[], Int32Array | undefined, string][] = [
    ['none', [], undefined, 'E_DATA'],
    ['labels of other length', samplesOf(graph, 2, 1), Int32Array.of(1), 'E_DATA'],
    ['another name', [{ z: samplesOf(graph, 1, 1)[0].x }], undefined, 'E_INPUT'],
    [
      'another shape',
      [{ x: { dtype: 'float32', shape: [1, 4], data: new Float32Array(4) } }],
      undefined,
      'E_INPUT',
    ],
    [
      'NaN',
      [{ x: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, Number.NaN, 2) } }],
      undefined,
      'E_DATA',
    ],
  ];
  test.each(bad)('%s is an error', (_, samples, labels, code) => {
    expect(() => partOf(graph, { samples, labels })).toThrow(expect.objectContaining({ code }));
  });
});
