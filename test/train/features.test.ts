/** Distillation of inner layers against float64 sums, and what it changes. */
import { describe, expect, test } from 'vitest';
import type { Graph, ValueId } from '../../compiler/ir/graph.ts';
import { partOf } from '../../compiler/prune/data.ts';
import { type Constants, numbers, tfGraph } from '../../compiler/prune/graph-tf.ts';
import { findLayers, pruneGraph } from '../../compiler/prune/index.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { featureObjective } from '../../compiler/prune/train/features.ts';
import { convNet, samplesOf } from '../prune/graphs.ts';

const tf = await loadBackend('wasm');

const inner = (graph: Graph): ValueId[] =>
  findLayers(graph)
    .map((l) => l.node.outputs[0])
    .slice(0, -1);

/** What a graph makes of its inputs at some values. */
function valuesAt(graph: Graph, x: Float32Array, n: number, ids: readonly ValueId[], changed?: Constants) {
  const net = tfGraph(tf, graph, changed);
  const at = (i: number) => numbers(tf, () => net.run(tf.tensor2d(x, [n, x.length / n]), ids).values[i]);
  const found = ids.map((_, i) => at(i));
  net.dispose();
  return found;
}

/** ‖a − b‖² / ‖b‖² */
function apart(a: Float32Array, b: Float32Array): number {
  let [difference, energy] = [0, 0];
  a.forEach((v, i) => {
    difference += (v - b[i]) ** 2;
    energy += b[i] ** 2;
  });
  return difference / energy;
}

describe('objective', () => {
  const graph = convNet();
  const part = partOf(graph, { samples: samplesOf(graph, 5, 3) });
  const ids = inner(graph);
  const [first] = findLayers(graph);
  const changed = new Map([[first.value, first.weights.map((w, i) => (i % 3 === 0 ? 0 : w))]]);

  test.each([0.5, 2])('adds %d times the mean of the relative distances', (share) => {
    const teacher = tfGraph(tf, graph);
    const student = tfGraph(tf, graph, changed);
    const of = (share: number, ids: readonly ValueId[]) =>
      numbers(tf, () =>
        featureObjective(tf, student, teacher, ids, 'kd', share)({ x: tf.tensor2d(part.x, [5, part.width]) }),
      )[0];
    const dense = valuesAt(graph, part.x, 5, ids);
    const distances = valuesAt(graph, part.x, 5, ids, changed).map((v, i) => apart(v, dense[i]));
    const mean = distances.reduce((a, b) => a + b, 0) / ids.length;
    expect(mean).toBeGreaterThan(0.01);
    expect(of(share, ids) - of(share, [])).toBeCloseTo(share * mean, 5);
    student.dispose();
    teacher.dispose();
  });
});

test('inner layers come closer to the dense ones than by answers alone', async () => {
  const graph = convNet();
  const data = { samples: samplesOf(graph, 128, 1) };
  const unseen = partOf(graph, { samples: samplesOf(graph, 32, 2) });
  const ids = inner(graph);
  const dense = valuesAt(graph, unseen.x, unseen.n, ids);
  const distance = async (features: number) => {
    const finetune = { epochs: 20, batch: 32, features };
    const pruned = await pruneGraph(graph, {
      data,
      sparsity: 0.8,
      method: 'magnitude',
      vary: false,
      finetune,
    });
    const found = valuesAt(pruned.graph, unseen.x, unseen.n, ids);
    return found.reduce((sum, v, i) => sum + apart(v, dense[i]), 0) / ids.length;
  };
  expect(await distance(10)).toBeLessThan(0.9 * (await distance(0)));
});
