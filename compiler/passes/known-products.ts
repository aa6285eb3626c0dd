/**
 * Matrix products with known weights are dense layers, which can be pruned.
 *
 *     matmul(x, W), W a constant [K, R]  ->  dense(x, transpose(W))
 *
 * Operator names are its subject. Must not fire on weights with batch dimensions: those stay products. (The bias that follows
 * is the business of `foldAffine`.)
 */
import { rewrite } from '../ir/graph.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

export const knownProducts: Pass = {
  name: 'knownProducts',
  description: 'products with known weights become dense layers',
  run: (graph) =>
    rewrite(graph, semantics, (node, b, get) => {
      if (node.kind !== 'matmul') return undefined;
      const [x, w] = node.inputs.map((id) => graph.values.get(id!)!);
      if (!w.data || x.data || w.shape.length !== 2) return undefined;
      const turned = b.one('transpose', [get(w.id)], { perm: [1, 0] });
      return b.node('dense', [get(x.id), turned], {}, { name: node.name, source: node.source });
    }),
};
