/** The nodes of a tfjs GraphModel: names, edges and attributes, checked and sorted; no operator is known here. */
import { badFormat, badGraph, overLimit, type Place } from '../errors.ts';
import {
  asInt,
  asList,
  asName,
  asObject,
  asString,
  isObject,
  type Json,
  JsonConfig,
  type JsonObject,
  member,
} from './json.ts';

export interface Edge {
  readonly node: string;
  readonly output: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Under which the file keeps its value, where it is a constant. */
  readonly weight: string;
  /** Data only: what merely waits for something has no result to wait for. */
  readonly inputs: readonly Edge[];
  readonly attrs: JsonObject;
  readonly place: Place;
}

export const maxNodes = 50_000;
const maxText = 4096;

/** Throws `E_FORMAT`, `E_GRAPH` (names given twice), `E_NAME`, `E_LIMIT`. */
export function parseNodes(given: Json | undefined, place: Place): Map<string, GraphNode> {
  const list = asList(given, 'node', place);
  if (list.length > maxNodes) throw overLimit('number of nodes', list.length, maxNodes, place);
  const nodes = new Map<string, GraphNode>();
  for (const entry of list) {
    const node = parseNode(asObject(entry, 'a node', place), place);
    if (nodes.has(node.name)) throw badGraph(`two nodes are named ${JSON.stringify(node.name)}`, place);
    nodes.set(node.name, node);
  }
  return nodes;
}

function parseNode(entry: JsonObject, outer: Place): GraphNode {
  const name = asName(member(entry, 'name'), 'the name of a node', outer);
  const op = asName(member(entry, 'op'), 'op', { ...outer, node: name });
  const place = { ...outer, node: name, op };
  const inputs = asList(member(entry, 'input') ?? [], 'input', place).map((i) =>
    asString(i, 'an input', place),
  );
  const attrs = asObject(member(entry, 'attr') ?? {}, 'attr', place);
  return {
    name,
    op,
    weight: name,
    inputs: inputs.filter((i) => !i.startsWith('^')).map((i) => parseEdge(i, place)),
    attrs,
    place,
  };
}

/** `node`, `node:output` or `node:name:output`. */
export function parseEdge(text: string, place: Place): Edge {
  const parts = text.split(':');
  if (parts.length === 1) return { node: text, output: 0 };
  const index = parts.at(-1)!;
  if (parts.length > 3 || !/^\d{1,4}$/.test(index))
    throw badFormat(`${JSON.stringify(text.slice(0, 100))} names no output`, place);
  return { node: parts[0], output: Number(index) };
}

/** What `outputs` need, each node behind those that it uses; throws `E_GRAPH` for cycles and dangling edges. */
export function orderNodes(
  nodes: ReadonlyMap<string, GraphNode>,
  outputs: readonly Edge[],
  place: Place,
): GraphNode[] {
  const sorted: GraphNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const find = (name: string, by: Place) => {
    const node = nodes.get(name);
    if (!node) throw badGraph(`there is no node ${JSON.stringify(name.slice(0, 100))}`, by);
    return node;
  };
  for (const end of outputs) {
    const stack = [{ node: find(end.node, place), next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const { node } = top;
      if (top.next === 0 && state.get(node.name) === 'done') stack.pop();
      else if (top.next < node.inputs.length) {
        state.set(node.name, 'open');
        const to = find(node.inputs[top.next++].node, node.place);
        if (state.get(to.name) === 'open') throw badGraph('the node waits for itself', to.place);
        if (state.get(to.name) !== 'done') stack.push({ node: to, next: 0 });
      } else {
        state.set(node.name, 'done');
        sorted.push(node);
        stack.pop();
      }
    }
  }
  return sorted;
}

/** Attributes as plain values: numbers, words, lists of them. */
export const attributes = (node: GraphNode): JsonConfig =>
  new JsonConfig(
    Object.fromEntries(
      Object.entries(node.attrs).map(([key, v]) => [key, attribute(v, `attribute ${key}`, node.place)]),
    ),
    node.place,
  );

/** One attribute; throws `E_FORMAT`. */
export function attribute(given: Json, what: string, place: Place): Json {
  const v = asObject(given, what, place);
  const list = member(v, 'list');
  if (list !== undefined) {
    const lists = asObject(list, what, place);
    const [kind] = Object.keys(lists);
    return kind === undefined
      ? []
      : asList(lists[kind], what, place).map((item) => single(kind, item, what, place));
  }
  const [kind] = Object.keys(v);
  return kind === undefined ? null : single(kind, v[kind], what, place);
}

function single(kind: string, v: Json, what: string, place: Place): Json {
  switch (kind) {
    case 'i':
      return whole(v, what, place);
    case 's':
      return word(v, what, place);
    case 'shape':
      return shapeOf(v, what, place);
    default:
      return v;
  }
}

/** 64-bit numbers are strings in protobuf's JSON. */
function whole(v: Json, what: string, place: Place): number {
  if (typeof v === 'string' && /^-?\d{1,20}$/.test(v))
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Number(v)));
  return asInt(v, what, place);
}

/** Bytes in base64, or as a list. */
function word(v: Json, what: string, place: Place): string {
  const bytes = Array.isArray(v)
    ? Buffer.from(v.map((b) => asInt(b, what, place) & 255))
    : Buffer.from(asString(v, what, place).slice(0, maxText), 'base64');
  return bytes.toString('latin1');
}

/** −1 is open; `undefined` where not even the rank is known. */
export function shapeOf(v: Json | undefined, what: string, place: Place): number[] | null {
  if (!isObject(v) || member(v, 'unknownRank') === true) return null;
  return asList(member(v, 'dim') ?? [], what, place).map((d) =>
    whole(member(asObject(d, what, place), 'size') ?? 0, what, place),
  );
}
