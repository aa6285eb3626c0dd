/**
 * Chains of bounds become one.
 *
 *     minimum(maximum(x, 0), 6), minimum(relu(x), 6) ->  clip(x, 0, 6)
 *     relu(relu(x)), clip(clip(x, a, b), c, d)       ->  relu(x), clip(x, …)
 *     maximum(x, 0), clip(x, 0, ∞)                   ->  relu(x)
 *
 * Operator names are its subject. Must not fire on integers, nor on bounds that differ from element to element.
 */
import { type Graph, Links, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import { semantics } from '../semantics/evaluate.ts';
import { numberOf } from './match.ts';
import type { Pass } from './pass.ts';

export const clamps: Pass = {
  name: 'clamps',
  description: 'join chains of bounds',
  run(graph) {
    const links = new Links(graph);
    return rewrite(graph, semantics, (node, b, get) => {
      let at = clampOf(graph, node);
      if (!at) return undefined;
      const bounded = (v: number) => Math.min(high, Math.max(low, v));
      let { low, high } = at;
      for (let inner = links.producer(at.x); inner; inner = links.producer(at.x)) {
        const next = clampOf(graph, inner);
        if (!next) break;
        [low, high] = [bounded(next.low), bounded(next.high)];
        at = next;
      }
      const label = { name: node.name, source: node.source };
      if (low === 0 && high === Number.POSITIVE_INFINITY) return b.node('relu', [get(at.x)], {}, label);
      return b.node('clip', [get(at.x)], { min: low, max: high }, label);
    });
  },
};

interface Clamp {
  readonly x: ValueId;
  readonly low: number;
  readonly high: number;
}

/** `node` as min(high, max(low, x)). */
function clampOf(graph: Graph, node: Node): Clamp | undefined {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const x = node.inputs[0]!;
  const value = graph.values.get(x);
  if (value?.dtype !== 'float32' || value.data) return undefined;
  switch (node.kind) {
    case 'relu':
      return { x, low: 0, high };
    case 'clip':
      return { x, low: node.attrs.min as number, high: node.attrs.max as number };
    case 'maximum':
    case 'minimum': {
      const c = numberOf(graph, node.inputs[1]);
      const fits = graph.values.get(node.inputs[1]!)!.shape.length <= value.shape.length;
      if (c === undefined || Number.isNaN(c) || !fits) return undefined;
      return node.kind === 'maximum' ? { x, low: c, high } : { x, low, high: c };
    }
    default:
      return undefined;
  }
}
