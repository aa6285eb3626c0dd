/** Nodes in an order in which every value is made before it is used; writers keep to it, editors don't always. */
import type { GraphProto, NodeProto } from 'onnx-buf';
import { badGraph, type Place } from '../errors.ts';

/** Throws `E_GRAPH` for a cycle, and for a value that two nodes make. */
export function ordered(nodes: readonly NodeProto[], place: Place): NodeProto[] {
  const maker = new Map<string, number>();
  nodes.forEach((n, i) => {
    for (const o of n.output) {
      if (o !== '' && maker.has(o))
        throw badGraph(`two nodes make ${JSON.stringify(o.slice(0, 100))}`, place);
      maker.set(o, i);
    }
  });
  const users = nodes.map(() => [] as number[]);
  const waits = nodes.map((n, i) => {
    const makers = new Set([...usedBy(n)].flatMap((name) => (name === '' ? [] : (maker.get(name) ?? []))));
    for (const m of makers) users[m].push(i);
    return makers.size;
  });
  const ready = nodes.flatMap((_, i) => (waits[i] === 0 ? [i] : [])).reverse();
  const out: NodeProto[] = [];
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    out.push(nodes[i]);
    for (const u of users[i].toReversed()) if (--waits[u] === 0) ready.push(u);
  }
  if (out.length < nodes.length) {
    const stuck = nodes.find((_, i) => waits[i] > 0)!;
    throw badGraph('the graph has a cycle', {
      ...place,
      node: stuck.name || stuck.output[0],
      op: stuck.opType,
    });
  }
  return out;
}

/** Names that a node reads, those inside its subgraphs too where they are of the graph around. */
function* usedBy(node: NodeProto): Generator<string> {
  yield* node.input;
  for (const a of node.attribute) {
    for (const g of a.g ? [a.g, ...a.graphs] : a.graphs) yield* captured(g);
  }
}

function* captured(graph: GraphProto): Generator<string> {
  const own = new Set([
    ...[...graph.initializer, ...graph.input].map((v) => v.name),
    ...graph.sparseInitializer.map((s) => s.values?.name ?? ''),
    ...graph.node.flatMap((n) => n.output),
  ]);
  for (const n of graph.node) for (const name of usedBy(n)) if (!own.has(name)) yield name;
  for (const o of graph.output) if (!own.has(o.name)) yield o.name;
}
