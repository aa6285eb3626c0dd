/**
 * Nodes that change nothing.
 *
 *     op(…, x, …)              ->  x            where `Op.identity` says so: x + 0, x · 1, a transpose that moves nothing, …
 *     reshape(reshape(x, s), t) ->  reshape(x, t)
 *
 * Assumes nothing. x + 0 turns −0 into 0, and that is given up.
 */
import { Links, rewrite } from '../ir/graph.ts';
import { opOf, semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

export const identities: Pass = {
  name: 'identities',
  description: 'remove nodes that change nothing',
  run(graph) {
    const links = new Links(graph);
    return rewrite(graph, semantics, (node, b, get) => {
      const inputs = node.inputs.map((i) => (i === null ? null : b.value(get(i))));
      const same = opOf(node.kind).identity?.(inputs, node.attrs);
      if (same !== undefined) return [inputs[same]!.id];
      const inner = node.kind === 'reshape' ? links.producer(node.inputs[0]) : undefined;
      if (inner?.kind !== 'reshape') return undefined;
      return b.node('reshape', [get(inner.inputs[0]!)], node.attrs, { name: node.name, source: node.source });
    });
  },
};
