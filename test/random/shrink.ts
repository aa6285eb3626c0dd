/** From a network that shows a fault to a small one that still does: fewer outputs, computed values turned into inputs. */
import { type Graph, GraphBuilder, rewrite, type ValueId } from '../../compiler/ir/graph.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { evaluateGraph, semantics } from '../../compiler/semantics/evaluate.ts';
import type { Network } from './grow.ts';

/** Tries at most `tries` smaller networks. */
export async function shrink(
  network: Network,
  fails: (n: Network) => Promise<boolean>,
  tries = 100,
): Promise<Network> {
  let best = network;
  let left = tries;
  const better = async (candidates: Iterable<Network>): Promise<boolean> => {
    for (const n of candidates) {
      if (left-- <= 0) return false;
      if (!(await fails(n))) continue;
      best = n;
      return true;
    }
    return false;
  };
  if (best.graph.outputs.length > 1) await better(singles(best));
  while (await better(cuts(best)));
  return best;
}

function* singles(n: Network): Iterable<Network> {
  for (const port of n.graph.outputs) yield part(n, port.value, undefined);
}

/** The latest values first: they cut away most. */
function* cuts(n: Network): Iterable<Network> {
  const output = n.graph.outputs[0].value;
  for (const node of [...n.graph.nodes].reverse())
    for (const id of node.outputs) if (id !== output) yield part(n, output, id);
  for (const node of n.graph.nodes) {
    const [first] = node.inputs;
    const same =
      first !== null && String(n.graph.values.get(first)!.shape) === shapeOf(n.graph, node.outputs[0]);
    if (same && node.outputs[0] !== output) yield skip(n, node.outputs[0], first);
  }
}

const shapeOf = (g: Graph, id: ValueId) => String(g.values.get(id)!.shape);

/** What `output` needs, `cut` being an input. */
function part(n: Network, output: ValueId, cut: ValueId | undefined): Network {
  const held = cut === undefined ? undefined : tensorOf(n, cut);
  const b = new GraphBuilder(semantics, n.graph.name);
  const map = new Map<ValueId, ValueId>();
  const inputs: Record<string, Tensor> = {};
  const used = needed(n.graph, output, cut);
  const take = (id: ValueId, name: string, t: Tensor) => {
    inputs[name] = t;
    map.set(id, b.input(name, t.dtype, t.shape));
  };
  for (const p of n.graph.inputs) if (used.has(p.value)) take(p.value, p.name, n.inputs[p.name]);
  if (held && cut !== undefined) take(cut, `cut${cut}`, held);
  const get = (id: ValueId): ValueId => {
    const known = map.get(id);
    if (known !== undefined) return known;
    const v = n.graph.values.get(id)!;
    const made = b.constant(v as Tensor, v.name);
    map.set(id, made);
    return made;
  };
  for (const node of n.graph.nodes) {
    if (!node.outputs.some((o) => used.has(o) && o !== cut)) continue;
    const ids = node.inputs.map((i) => (i === null ? null : get(i)));
    b.node(node.kind, ids, node.attrs, { name: node.name }).forEach(
      (id, i) => void map.set(node.outputs[i], id),
    );
  }
  b.output('y', get(output));
  return { graph: b.finish(), inputs };
}

/** `id` replaced by a value of its shape. */
function skip(n: Network, id: ValueId, by: ValueId): Network {
  const graph = rewrite(n.graph, semantics, (node, _b, get) =>
    node.outputs[0] === id ? [get(by)] : undefined,
  );
  return part({ ...n, graph }, graph.outputs[0].value, undefined);
}

function needed(g: Graph, output: ValueId, cut: ValueId | undefined): Set<ValueId> {
  const out = new Set([output]);
  for (const node of [...g.nodes].reverse()) {
    if (!node.outputs.some((o) => out.has(o) && o !== cut)) continue;
    for (const i of node.inputs) if (i !== null) out.add(i);
  }
  return out;
}

function tensorOf(n: Network, id: ValueId): Tensor {
  const graph = { ...n.graph, outputs: [{ name: 'v', value: id }] };
  return evaluateGraph(graph, n.inputs).v;
}
