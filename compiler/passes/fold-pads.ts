/**
 * Padding with zeros becomes the padding of the window that reads it.
 *
 *     conv(pad(x, p, 0), W, pads: q)        ->  conv(x, W, pads: p + q)
 *     averagePool(pad(x, p, 0), pads: 0)    ->  averagePool(x, pads: p, countIncludePad)
 *
 * Operator names are its subject. Must not fire on padded batches or channels, where one padding cuts and the other adds, nor
 * where a pool would start outside (its padding must be smaller than its window) or rounds up.
 */
import { Links, type Node, rewrite } from '../ir/graph.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { Pass } from './pass.ts';

type Pads = readonly (readonly [number, number])[];

export const foldPads: Pass = {
  name: 'foldPads',
  description: 'zero padding becomes the padding of convolutions and pools',
  run(graph) {
    const links = new Links(graph);
    return rewrite(graph, semantics, (node, b, get) => {
      if (node.kind !== 'conv' && node.kind !== 'averagePool') return undefined;
      const pad = links.producer(node.inputs[0]);
      if (pad?.kind !== 'pad' || pad.attrs.mode !== 'constant' || pad.attrs.value !== 0) return undefined;
      const [batch, channels, ...spatial] = pad.attrs.pads as Pads;
      if ([...batch, ...channels].some((n) => n !== 0)) return undefined;
      const change = node.kind === 'conv' ? ofConv(node, spatial) : ofAverage(node, spatial);
      if (!change) return undefined;
      const [, ...others] = node.inputs;
      return b.node(
        node.kind,
        [get(pad.inputs[0]!), ...others.map((id) => (id === null ? null : get(id)))],
        { ...node.attrs, ...change },
        { name: node.name, source: node.source },
      );
    });
  },
};

function ofConv(node: Node, more: Pads) {
  const own = node.attrs.pads as Pads;
  const opposed = own.some((p, d) => p.some((n, side) => n * more[d][side] < 0));
  return opposed ? undefined : { pads: own.map((p, d) => [p[0] + more[d][0], p[1] + more[d][1]]) };
}

function ofAverage(node: Node, more: Pads) {
  if (node.attrs.ceil) return undefined;
  if ((node.attrs.pads as Pads).flat().some((n) => n !== 0)) return undefined;
  const { kernel, dilations } = node.attrs as { kernel: number[]; dilations: number[] };
  const reach = kernel.map((k, d) => (k - 1) * dilations[d] + 1);
  if (more.some((p, d) => p.some((n) => n < 0 || n >= reach[d]))) return undefined;
  return { pads: more, countIncludePad: true };
}
