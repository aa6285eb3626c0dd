/** Sensitivity against brute force: every layer pruned alone, evaluated by the operators' own reference in float64. */
import { describe, expect, test } from 'vitest';
import type { Graph } from '../../compiler/ir/graph.ts';
import { partOf, split } from '../../compiler/prune/data.ts';
import {
  findLayers,
  type LayerSensitivity,
  type PruneOptions,
  pruneGraph,
  sensitivities,
} from '../../compiler/prune/index.ts';
import { planLayers, withConstants } from '../../compiler/prune/layers.ts';
import { divergenceAt, measureSensitivity } from '../../compiler/prune/sensitivity.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { calibrated } from '../../compiler/prune/vary.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { constant, samplesOf, sketch } from './graphs.ts';

/** Three dense layers of unlike width, then a softmax; without biases, which pruning would move too. */
function classifier(): Graph {
  return sketch((b) => {
    let x = b.input('x', 'float32', [1, 12]);
    const widths = [12, 24, 16, 8];
    for (let i = 1; i < widths.length; i++) {
      x = b.one('dense', [x, constant(b, [widths[i], widths[i - 1]], i)], {}, { name: `layer${i}` });
      if (i < widths.length - 1) x = b.one('relu', [x]);
    }
    b.output('y', b.one('softmax', [x], { axis: 1 }));
  });
}

const data = { samples: samplesOf(classifier(), 40, 5) };

/** The smallest weights of one layer go; mean KL of the classes over the samples that decide. */
function bruteForce(graph: Graph, name: string, sparsity: number): number {
  const layer = findLayers(graph).find((l) => l.name === name)!;
  const order = [...layer.weights.keys()].sort(
    (a, b) => Math.abs(layer.weights[a]) - Math.abs(layer.weights[b]),
  );
  const gone = new Set(
    order.slice(0, layer.weights.length - Math.round((1 - sparsity) * layer.weights.length)),
  );
  const cut = withConstants(
    graph,
    new Map([[layer.value, layer.weights.map((w, i) => (gone.has(i) ? 0 : w))]]),
  );
  const { choose } = split(partOf(graph, data), undefined, 1);
  let sum = 0;
  for (let i = 0; i < choose.n; i++) {
    const x = choose.x.slice(i * choose.width, (i + 1) * choose.width);
    const s = { x: { dtype: 'float32' as const, shape: [1, 12], data: x } };
    const [p, q] = [evaluateGraph(graph, s).y.data, evaluateGraph(cut, s).y.data];
    for (let k = 0; k < p.length; k++) sum += p[k] * Math.log(p[k] / q[k]);
  }
  return sum / choose.n;
}

describe('sensitivities', () => {
  test('are those of brute force, in value and in order', async () => {
    const graph = classifier();
    const measured = await sensitivities(graph, { method: 'magnitude', layers: [{ pattern: '*' }], data });
    for (const sparsity of [0.5, 0.75]) {
      const want = measured.map((l) => bruteForce(graph, l.name, sparsity));
      const got = measured.map((l) => l.levels.find((v) => v.sparsity === sparsity)!.divergence);
      got.forEach((d, i) => void expect(d / want[i]).toBeCloseTo(1, 3));
      const order = (v: number[]) => [...v.keys()].sort((a, b) => v[a] - v[b]);
      expect(order(got)).toEqual(order(want));
    }
  });

  test('of second-order cuts, which spare the outputs that the answers hang on', async () => {
    const graph = sketch((b) => {
      const x = b.input('x', 'float32', [1, 16]);
      const hidden = b.one('dense', [x, constant(b, [8, 16], 1)], {}, { name: 'hidden' });
      const scale = Float32Array.from({ length: 8 }, (_, i) => (i < 2 ? 3 : 0.03));
      const heard = b.one('mul', [
        hidden,
        b.constant({ dtype: 'float32', shape: [1, 8], data: scale }, 'scale'),
      ]);
      b.output('y', b.one('dense', [heard, constant(b, [5, 8], 3)], {}, { name: 'out' }));
    });
    const options = { data: { samples: samplesOf(graph, 200, 3) }, method: 'sparsegpt', seed: 1 } as const;
    const [hidden] = await sensitivities(graph, options);
    const parts = split(partOf(graph, options.data), undefined, 1);
    const [plain] = await measureSensitivity(
      await loadBackend('wasm'),
      graph,
      planLayers(findLayers(graph), []),
      calibrated(graph, parts, { seed: 1, calibration: 1024, vary: true }),
      parts,
      { method: 'sparsegpt', seed: 1, granularity: { kind: 'element' } },
    );
    const at = ({ levels }: LayerSensitivity) => levels.find((l) => l.sparsity === 0.75)!.divergence;
    expect(at(hidden)).toBeLessThan(at(plain) / 3);
  });

  test('never fall between levels, and are nothing at 0', () => {
    const level = (sparsity: number, divergence: number) => ({ sparsity, divergence, n: 9, top1: 1 });
    const bent = { name: 'a', levels: [level(0.5, 0.04), level(0.7, 0.01), level(0.9, 0.16)] };
    const at = divergenceAt(bent, [0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]);
    const want = [0, 0.01, 0.04, 0.04, 0.04, 0.09, 0.16, 0.16];
    want.forEach((d, i) => void expect(at[i]).toBeCloseTo(d, 12));
  });
});

describe('allocation by sensitivity', () => {
  test.each([0.3, 0.6, 0.8])('keeps exactly what sparsity %d leaves', async (sparsity) => {
    const graph = classifier();
    const { report } = await pruneGraph(graph, {
      sparsity,
      data,
      allocation: 'sensitivity',
      layers: [{ pattern: '*' }],
    });
    const total = report.layers.reduce((n, l) => n + l.weights, 0);
    expect(report.layers.reduce((n, l) => n + l.zeros, 0)).toBe(total - Math.round((1 - sparsity) * total));
    expect(report.allocation).toBe('sensitivity');
  });

  test('spares the layer whose weights decide, and takes from one whose output hardly counts', async () => {
    const graph = sketch((b) => {
      const x = b.input('x', 'float32', [1, 16]);
      const main = b.one('dense', [x, constant(b, [16, 16], 1), constant(b, [16])], {}, { name: 'main' });
      const side = b.one('dense', [x, constant(b, [16, 16], 2), constant(b, [16])], {}, { name: 'side' });
      const faint = b.one('mul', [
        side,
        b.constant({ dtype: 'float32', shape: [1], data: Float32Array.of(0.01) }, 's'),
      ]);
      const sum = b.one('add', [main, faint]);
      b.output('y', b.one('dense', [sum, constant(b, [5, 16], 3), constant(b, [5])], {}, { name: 'out' }));
    });
    const { report } = await pruneGraph(graph, {
      sparsity: 0.5,
      allocation: 'sensitivity',
      data: { samples: samplesOf(graph, 64, 2) },
    });
    const zeros = (name: string) => report.layers.find((l) => l.name === name)!.zeros;
    expect(zeros('side')).toBeGreaterThan(2 * zeros('main'));
  });

  test.each<[string, PruneOptions]>([
    ['no samples', {}],
    ['channels', { data, granularity: { kind: 'row' } }],
    ['a threshold', { data, threshold: 0.1 }],
  ])('is refused with %s', async (_, options) => {
    await expect(pruneGraph(classifier(), { ...options, allocation: 'sensitivity' })).rejects.toThrow(
      expect.objectContaining({ code: 'E_USAGE' }),
    );
  });
});
