/** Calls of a graph's own functions (`PartitionedCall`), replaced by what the functions do. */
import { badGraph, overLimit, type Place } from '../errors.ts';
import { type Edge, type GraphNode, maxNodes, parseEdge, parseNodes } from './graph-model-nodes.ts';
import { asList, asName, asObject, asString, isObject, type Json, type JsonObject, member } from './json.ts';

interface GraphFunction {
  readonly args: readonly string[];
  readonly nodes: readonly GraphNode[];
  /** In the order of the results of a call. */
  readonly results: readonly Edge[];
}

export interface Inlined {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** What an edge of the graph as it was written stands for. */
  resolve(edge: Edge): Edge;
}

const calls = new Set(['PartitionedCall', 'StatefulPartitionedCall']);
const maxDepth = 32;

/**
 * Nodes of functions are named behind their calls, `call/node`. Throws `E_GRAPH` for functions that are missing, take other
 * arguments, or call themselves, `E_LIMIT` where calls multiply beyond the number of nodes that a graph may have.
 */
export function inlineCalls(
  nodes: ReadonlyMap<string, GraphNode>,
  topology: JsonObject,
  place: Place,
): Inlined {
  if (![...nodes.values()].some((n) => calls.has(n.op))) return { nodes, resolve: (e) => e };
  const library = parseLibrary(member(topology, 'library'), place);
  const flat = new Map<string, GraphNode>();
  const results = new Map<string, readonly Edge[]>();
  let seen = 0;
  const expand = (call: GraphNode, depth: number): void => {
    if (++seen > maxNodes) throw overLimit('number of nodes', seen, maxNodes, place);
    if (flat.has(call.name) || results.has(call.name))
      throw badGraph(`two nodes are named ${JSON.stringify(call.name)}`, call.place);
    if (!calls.has(call.op)) {
      flat.set(call.name, call);
      return;
    }
    if (depth > maxDepth) throw badGraph('functions that call themselves', call.place);
    const f = library.get(functionOf(call));
    if (!f)
      throw badGraph(`there is no function ${JSON.stringify(functionOf(call).slice(0, 100))}`, call.place);
    if (f.args.length !== call.inputs.length)
      throw badGraph(`${call.inputs.length} arguments for a function of ${f.args.length}`, call.place);
    const args = new Map(f.args.map((name, i) => [name, call.inputs[i]]));
    const inside = (e: Edge): Edge => args.get(e.node) ?? { ...e, node: `${call.name}/${e.node}` };
    results.set(call.name, f.results.map(inside));
    for (const n of f.nodes) {
      const name = `${call.name}/${n.name}`;
      expand({ ...n, name, inputs: n.inputs.map(inside), place: { ...n.place, node: name } }, depth + 1);
    }
  };
  for (const n of nodes.values()) expand(n, 0);
  const resolve = (edge: Edge): Edge => {
    let e = edge;
    // Arguments may be results of other calls, in a circle too.
    for (let steps = 0; results.has(e.node); steps++) {
      const list = results.get(e.node)!;
      if (e.output >= list.length)
        throw badGraph(`node ${JSON.stringify(e.node)} has no output ${e.output}`, place);
      if (steps > results.size) throw badGraph('the node waits for itself', { ...place, node: e.node });
      e = list[e.output];
    }
    return e;
  };
  const resolved = [...flat.values()].map((n): [string, GraphNode] => [
    n.name,
    { ...n, inputs: n.inputs.map(resolve) },
  ]);
  return { nodes: new Map(resolved), resolve };
}

function functionOf({ attrs, place }: GraphNode): string {
  const f = member(attrs, 'f');
  const func = isObject(f) ? member(f, 'func') : undefined;
  return asString(isObject(func) ? member(func, 'name') : undefined, 'the function that is called', place);
}

function parseLibrary(library: Json | undefined, place: Place): Map<string, GraphFunction> {
  const list = isObject(library) ? asList(member(library, 'function') ?? [], 'function', place) : [];
  return new Map(
    list.map((entry): [string, GraphFunction] => {
      const f = asObject(entry, 'a function', place);
      const signature = asObject(member(f, 'signature'), 'signature', place);
      const name = asName(member(signature, 'name'), 'the name of a function', place);
      const at = { ...place, node: name };
      const named = (key: string) =>
        asList(member(signature, key) ?? [], key, at).map((a) =>
          asName(member(asObject(a, key, at), 'name'), 'the name of an argument', at),
        );
      const returned = asObject(member(f, 'ret') ?? {}, 'ret', at);
      const results = named('outputArg').map((r) =>
        parseEdge(asString(member(returned, r), `result ${r}`, at), at),
      );
      return [
        name,
        { args: named('inputArg'), nodes: [...parseNodes(member(f, 'nodeDef'), at).values()], results },
      ];
    }),
  );
}
