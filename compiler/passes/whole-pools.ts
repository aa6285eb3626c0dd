/**
 * Pools over all of their input are reductions.
 *
 *     averagePool(x [N, C, h, w], kernel: [h, w])  ->  reduceMean(x, axes: [2, 3])
 *     maxPool(x [N, C, h, w], kernel: [h, w])      ->  reduceMax(x, axes: [2, 3])
 *
 * Must not fire on padded or dilated windows.
 */
import { rewrite } from '../ir/graph.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

const reductions: Readonly<Record<string, string>> = { averagePool: 'reduceMean', maxPool: 'reduceMax' };

export const wholePools: Pass = {
  name: 'wholePools',
  description: 'pools over all of their input become reductions',
  run(graph) {
    return rewrite(graph, semantics, (node, b, get) => {
      const kind = reductions[node.kind];
      if (kind === undefined) return undefined;
      const spatial = graph.values.get(node.inputs[0]!)!.shape.slice(2);
      const { kernel, dilations, pads } = node.attrs as Record<string, number[]>;
      const plain = dilations.every((d) => d === 1) && pads.flat().every((n) => n === 0);
      if (!plain || String(kernel) !== String(spatial)) return undefined;
      const axes = spatial.map((_, i) => i + 2);
      return b.node(
        kind,
        [get(node.inputs[0]!)],
        { axes, keepDims: true },
        { name: node.name, source: node.source },
      );
    });
  },
};
