/** Two networks side by side: both see what they would see alone, however little may be held in memory. */
import { beforeAll, expect, test } from 'vitest';
import type { Graph, ValueId } from '../../compiler/ir/graph.ts';
import { partOf } from '../../compiler/prune/data.ts';
import { findLayers, withConstants } from '../../compiler/prune/layers.ts';
import { loadBackend, type Tf } from '../../compiler/prune/train/backend.ts';
import { type Memory, walk } from '../../compiler/prune/walk.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { difference } from '../samples.ts';
import { constant, samplesOf, sketch } from './graphs.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await loadBackend('wasm');
});

/** Values that are used late, and twice: a skip over two convolutions, and the input again at the end. */
function skips(): Graph {
  return sketch((b) => {
    const x = b.input('x', 'float32', [1, 4, 5, 5]);
    const attrs = {
      strides: [1, 1],
      dilations: [1, 1],
      pads: [
        [1, 1],
        [1, 1],
      ],
      groups: 1,
    };
    const conv = (from: ValueId, name: string, seed: number) =>
      b.one('conv', [from, constant(b, [4, 4, 3, 3], seed), constant(b, [4], seed)], attrs, { name });
    const first = b.one('relu', [conv(x, 'a', 0)]);
    const third = conv(b.one('relu', [conv(first, 'b', 1)]), 'c', 2);
    const sum = b.one('add', [b.one('add', [first, third]), x]);
    const flat = b.one('reshape', [sum], { shape: [1, 100] });
    b.output('y', b.one('dense', [flat, constant(b, [3, 100]), constant(b, [3])], {}, { name: 'y' }));
  });
}

const much: Memory = { held: 1e9, inFlight: 1e9 };
test.each<[string, Memory]>([
  ['all held', much],
  ['nothing held', { held: 0, inFlight: 1e9 }],
  ['one sample at a time', { held: 1e9, inFlight: 1 }],
  ['a value of each sample held', { held: 20 * 1700, inFlight: 5000 }],
])('%s', async (_, memory) => {
  const graph = skips();
  const layers = findLayers(graph);
  const samples = samplesOf(graph, 20, 3);
  const changed = new Map<ValueId, Float32Array>();
  const seen: { dense: number[]; pruned: number[] } = { dense: [], pruned: [] };
  const names: string[] = [];
  const before = tf.memory().numTensors;
  await walk(tf, graph, partOf(graph, { samples }), changed, {
    at: (node) => layers.some((l) => l.node === node),
    outputs: true,
    memory,
    visit: ({ node, diverged, batches }) => {
      names.push(node.name);
      expect(diverged).toBe(node.name !== 'a' && node.name !== 'b');
      for (const { dense, pruned } of batches()) {
        if (node.name !== 'y') continue;
        seen.dense.push(...dense.outputs[0].dataSync());
        seen.pruned.push(...pruned.outputs[0].dataSync());
      }
      const layer = layers.find((l) => l.node === node)!;
      if (node.name === 'b' || node.name === 'c') {
        changed.set(
          layer.value,
          layer.weights.map((w, i) => (i % 2 ? w : 0)),
        );
      }
    },
  });
  expect(tf.memory().numTensors).toBe(before);
  expect(names).toEqual(['a', 'b', 'c', 'y']);
  const want = (g: Graph) => samples.flatMap((s) => [...evaluateGraph(g, s).y.data]);
  const close = (got: number[], wanted: number[]) => {
    const as = (v: number[]) =>
      ({ dtype: 'float32', shape: [v.length], data: Float32Array.from(v) }) as const;
    expect(difference(as(got), as(wanted))).toBeLessThan(1e-5);
  };
  close(seen.dense, want(graph));
  close(seen.pruned, want(withConstants(graph, changed)));
  expect(seen.dense).not.toEqual(seen.pruned);
});
