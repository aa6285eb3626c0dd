/**
 * Normalization that importers give in pieces. Written for the spelling that `arithmetic` leaves; c, g and h are constants.
 *
 *     d · rsqrt(mean(d²) + c), d = x − mean(x)              ->  layerNorm(x)
 *     x · rsqrt(mean(x²) + c)                               ->  rmsNorm(x)
 *     x · r + (h − mean(x) · r), r = rsqrt(mean(d²) + c) · g ->  layerNorm(x, g, h)
 *     layerNorm(x) · g, layerNorm(x, g) + h, rmsNorm(x) · g ->  layerNorm(x, g), layerNorm(x, g, h), rmsNorm(x, g)
 *
 * Operator names are its subject. Must not fire where means drop their axes, or run over other axes than each other; a scale
 * is taken from the last axes only where the norm has no other reader.
 */
import { type Graph, type GraphBuilder, Links, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import { broadcastShapes, sameShape } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import { any, constant, type Match, match, numberOf, op, type Pattern } from './match.ts';
import type { Pass } from './pass.ts';

const x = any('x');
const mean = op('reduceMean', [x], 'mean');
const centered = op('sub', [x, mean]);
const inverse = (squares: Pattern) =>
  op('rsqrt', [op('add', [op('reduceMean', [squares], 'variance'), constant('c')])]);
/** Some exporters compute the difference twice. */
const variance = inverse(op('square', [centered]));
const scaledInverse = op('mul', [variance, constant('g')], 'r');

const layerNorm = op('mul', [centered, variance]);
const rmsNorm = op('mul', [x, inverse(op('square', [x]))]);
const joined = op('add', [
  op('mul', [x, scaledInverse]),
  op('sub', [constant('h'), op('mul', [mean, scaledInverse])]),
]);

export const norms: Pass = {
  name: 'norms',
  description: 'recognize layer and RMS normalization in their pieces',
  run(graph) {
    const scene = { graph, links: new Links(graph) };
    return rewrite(graph, semantics, (node, b, get) => {
      if (node.kind !== 'mul' && node.kind !== 'add') return undefined;
      const id = node.outputs[0];
      const label = { name: node.name, source: node.source };
      const emit = (kind: string, m: Match, more: readonly string[] = []) => {
        const attrs = attrsOf(graph, m);
        return (
          attrs &&
          b.node(
            kind,
            ['x', ...more].map((k) => get(m.values[k])),
            attrs,
            label,
          )
        );
      };
      const full = match(joined, id, scene);
      if (full && fits(graph, full, ['g', 'h'])) return emit('layerNorm', full, ['g', 'h']);
      const layer = match(layerNorm, id, scene);
      if (layer) return emit('layerNorm', layer);
      const rms = match(rmsNorm, id, scene);
      if (rms) return emit('rmsNorm', rms);
      return withAffine(graph, scene.links, node, b, get);
    });
  },
};

function attrsOf(graph: Graph, m: Match): { axes: readonly number[]; epsilon: number } | undefined {
  const rank = graph.values.get(m.values.x)!.shape.length;
  const over = (n: Node | undefined) =>
    n?.attrs.keepDims === true
      ? (n.attrs.axes as number[]).map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b)
      : undefined;
  const axes = over(m.nodes.variance);
  const epsilon = numberOf(graph, m.values.c);
  if (!axes || axes.length === 0 || epsilon === undefined) return undefined;
  if (m.nodes.mean && String(over(m.nodes.mean)) !== String(axes)) return undefined;
  return { axes, epsilon };
}

function fits(graph: Graph, m: Match, names: readonly string[]): boolean {
  const { shape } = graph.values.get(m.values.x)!;
  return names.every((k) => sameShape(broadcastShapes([shape, graph.values.get(m.values[k])!.shape]), shape));
}

/** Input 1 is a scale, input 2 a bias that comes after it. */
function withAffine(
  graph: Graph,
  links: Links,
  node: Node,
  b: GraphBuilder,
  get: (id: ValueId) => ValueId,
): readonly ValueId[] | undefined {
  const [normed, c] = node.inputs as ValueId[];
  const norm = links.producer(normed);
  if ((norm?.kind !== 'layerNorm' && norm?.kind !== 'rmsNorm') || !links.single(normed)) return undefined;
  const { shape } = graph.values.get(normed)!;
  const value = graph.values.get(c)!;
  if (!value.data || !sameShape(broadcastShapes([shape, value.shape]), shape)) return undefined;
  const [source, scale = null, bias = null] = norm.inputs;
  const label = { name: node.name, source: node.source };
  const old = (id: ValueId | null) => (id === null ? null : get(id));
  if (node.kind === 'mul' && scale === null && bias === null) {
    return b.node(norm.kind, [old(source), get(c)], norm.attrs, label);
  }
  if (node.kind === 'add' && bias === null && norm.kind === 'layerNorm') {
    return b.node('layerNorm', [old(source), old(scale), get(c)], norm.attrs, label);
  }
  return undefined;
}
