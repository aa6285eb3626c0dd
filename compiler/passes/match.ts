/** Patterns over the nodes that make a value. They bind names to values and nodes, and try both orders of commutative operands. */
import type { Graph, Links, Node, ValueId } from '../ir/graph.ts';

export interface Match {
  readonly values: Readonly<Record<string, ValueId>>;
  readonly nodes: Readonly<Record<string, Node>>;
}

export interface Scene {
  readonly graph: Graph;
  readonly links: Links;
}

/** The bindings of `m` and more, or `undefined`. */
export type Pattern = (id: ValueId, m: Match, s: Scene) => Match | undefined;

/** Any value; the same one wherever the name is used again. */
export const any =
  (name: string): Pattern =>
  (id, m) => {
    if (m.values[name] !== undefined) return m.values[name] === id ? m : undefined;
    return { ...m, values: { ...m.values, [name]: id } };
  };

/** A constant with one element, equal to `value` in the precision in which models are written. */
export const num =
  (value: number, tolerance = 1e-4): Pattern =>
  (id, m, s) => {
    const c = numberOf(s.graph, id);
    return c !== undefined && Math.abs(c - value) <= tolerance * Math.abs(value) ? m : undefined;
  };

/** A constant of any kind. */
export const constant =
  (name: string): Pattern =>
  (id, m, s) =>
    s.graph.values.get(id)!.data ? any(name)(id, m, s) : undefined;

const commutative = new Set(['add', 'mul', 'maximum', 'minimum']);

/** A value made by an operator with one output. */
export const op =
  (kind: string, inputs: readonly Pattern[], name?: string): Pattern =>
  (id, m, s) => {
    const node = s.links.producer(id);
    if (node?.kind !== kind || node.inputs.filter((i) => i !== null).length !== inputs.length)
      return undefined;
    const bound = name === undefined ? m : { ...m, nodes: { ...m.nodes, [name]: node } };
    const orders = commutative.has(kind) ? [inputs, [...inputs].reverse()] : [inputs];
    for (const order of orders) {
      const found = order.reduce<Match | undefined>((at, p, i) => at && p(node.inputs[i]!, at, s), bound);
      if (found) return found;
    }
    return undefined;
  };

export const either =
  (...patterns: readonly Pattern[]): Pattern =>
  (id, m, s) => {
    for (const p of patterns) {
      const found = p(id, m, s);
      if (found) return found;
    }
    return undefined;
  };

export const match = (p: Pattern, id: ValueId, s: Scene): Match | undefined =>
  p(id, { values: {}, nodes: {} }, s);

/** The number that a constant with one element holds. */
export function numberOf(graph: Graph, id: ValueId | null): number | undefined {
  const v = id === null ? undefined : graph.values.get(id)!;
  return v?.data?.length === 1 ? v.data[0] : undefined;
}
