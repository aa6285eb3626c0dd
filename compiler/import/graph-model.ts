/** tfjs GraphModel: `model.json` with a TensorFlow graph without control flow but calls, and weight shards. */
import {
  badFormat,
  badGraph,
  badShape,
  CompileError,
  type Place,
  UnsupportedError,
  unsupported,
  usage,
} from '../errors.ts';
import { GraphBuilder, type ValueId } from '../ir/graph.ts';
import type { DType, Shape, Tensor } from '../ir/tensor.ts';
import { elementType } from '../ops/tensorflow.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { ModelFiles } from './files.ts';
import { inlineCalls } from './graph-model-calls.ts';
import {
  attribute,
  attributes,
  type Edge,
  type GraphNode,
  orderNodes,
  parseEdge,
  parseNodes,
  shapeOf,
} from './graph-model-nodes.ts';
import { asName, asObject, asString, isObject, type Json, type JsonObject, member } from './json.ts';
import type { Model, Reader, ReadOptions } from './read.ts';
import { graphReaders } from './reader-names.ts';
import { SourceNode } from './source-node.ts';
import { parseManifest, readWeights } from './tfjs-weights.ts';

export default {
  name: 'tfjs graph model',
  detect: (files) => files.main.endsWith('.json') && topologyOf(files.json(files.main)) !== undefined,
  read: readGraphModel,
} satisfies Reader;

function topologyOf(json: Json): JsonObject | undefined {
  const topology = isObject(json) ? member(json, 'modelTopology') : undefined;
  return isObject(topology) && member(topology, 'node') !== undefined ? topology : undefined;
}

interface Port {
  /** What users call it. */
  readonly name: string;
  readonly edge: Edge;
  /** Type and shape, where the signature says them. */
  readonly dtype?: Json;
  readonly shape?: Json;
}

const sources = new Set(['Placeholder', 'PlaceholderV2']);

export function readGraphModel(files: ModelFiles, options: ReadOptions = {}): Model {
  const place = { file: files.main };
  const json = asObject(files.json(files.main), 'the model', place);
  const topology = topologyOf(json)!;
  const { nodes, resolve } = inlineCalls(parseNodes(member(topology, 'node'), place), topology, place);
  const signature = signatureOf(json);
  const named = ports(signature, 'outputs', place)?.map((p) => ({ ...p, edge: resolve(p.edge) }));
  const outputs = named ?? ends(nodes);
  if (outputs.length === 0) throw badGraph('the model has no outputs', place);
  const order = orderNodes(
    nodes,
    outputs.map((o) => o.edge),
    place,
  );
  const listed = ports(signature, 'inputs', place) ?? [];
  const items = order.filter((n) => n.op !== 'Const' && !sources.has(n.op) && !graphReaders.has(n.op));
  if (items.length > 0) {
    throw new UnsupportedError(
      items.map((n) => unsupported(`operator ${n.op}`, n.place)),
      place,
    );
  }
  const inputs = inputPorts(listed, nodes, order);
  for (const name of Object.keys(options.shapes ?? {})) {
    if (!inputs.some((p) => p.name === name))
      throw usage(`a shape is given for ${JSON.stringify(name)}, which is no input`);
  }
  const b = new GraphBuilder(semantics, 'model');
  const made = new Map<string, readonly (ValueId | undefined)[]>();
  for (const p of inputs) {
    const node = nodes.get(p.edge.node);
    if (!node) throw badGraph(`input ${JSON.stringify(p.name)} is no node`, place);
    const { dtype, shape } = inputType(p, node, options.shapes);
    made.set(node.name, [b.input(p.name, dtype, shape)]);
  }
  const groups = parseManifest(member(json, 'weightsManifest') ?? [], place);
  build(b, order, made, readWeights(files, groups, options), place);
  const producer = member(json, 'generatedBy');
  for (const o of outputs) b.output(o.name, result(made, o.edge, place)!);
  return { graph: b.finish(), producer: typeof producer === 'string' ? producer : undefined };
}

function build(
  b: GraphBuilder,
  order: readonly GraphNode[],
  made: Map<string, readonly (ValueId | undefined)[]>,
  weights: ReadonlyMap<string, Tensor>,
  place: Place,
): void {
  const items: CompileError[] = [];
  const constants = new Map<string, ValueId>();
  for (const node of order) {
    if (made.has(node.name)) continue;
    if (node.op === 'Const') {
      // A function that is called twice has its weights once.
      if (!constants.has(node.weight)) constants.set(node.weight, constant(b, node, weights));
      made.set(node.name, [constants.get(node.weight)!]);
      continue;
    }
    const inputs = node.inputs.map((e) => result(made, e, node.place));
    made.set(node.name, inputs.includes(undefined) ? [] : apply(b, node, inputs as ValueId[], items));
  }
  if (items.length > 0) throw new UnsupportedError(items, place);
}

function constant(b: GraphBuilder, node: GraphNode, weights: ReadonlyMap<string, Tensor>): ValueId {
  const weight = weights.get(node.weight);
  if (!weight) throw badFormat(`weight ${JSON.stringify(node.weight)} is missing`, node.place);
  return b.constant(integers(weight), node.name, { weight: node.weight });
}

/** Outputs of one node; none where something in it is unsupported. */
function apply(
  b: GraphBuilder,
  node: GraphNode,
  inputs: readonly ValueId[],
  items: CompileError[],
): readonly ValueId[] {
  try {
    const read = graphReaders.get(node.op)!;
    const out = read(
      new SourceNode(b, { name: node.name, source: node.op, config: attributes(node), inputs }, node.place),
    );
    return typeof out === 'number' ? [out] : out;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    if (error.code !== 'E_UNSUPPORTED') throw error.at(node.place);
    items.push(error.at(node.place));
    return [];
  }
}

/** As tfjs does: all integers are int32. */
const integers = (t: Tensor): Tensor =>
  t.dtype === 'int8' || t.dtype === 'uint8'
    ? { dtype: 'int32', shape: t.shape, data: Int32Array.from(t.data) }
    : t;

/** `undefined` for what depends on something unsupported. */
function result(
  made: ReadonlyMap<string, readonly (ValueId | undefined)[]>,
  edge: Edge,
  place: Place,
): ValueId | undefined {
  const outputs = made.get(edge.node)!;
  if (outputs.length > 0 && edge.output >= outputs.length)
    throw badGraph(`node ${JSON.stringify(edge.node)} has no output ${edge.output}`, place);
  return outputs[edge.output];
}

function signatureOf(json: JsonObject): Json {
  const user = member(json, 'userDefinedMetadata');
  return member(json, 'signature') ?? (isObject(user) ? member(user, 'signature') : undefined) ?? null;
}

function ports(signature: Json, key: string, outer: Place): Port[] | undefined {
  const given = isObject(signature) ? member(signature, key) : undefined;
  if (!isObject(given) || Object.keys(given).length === 0) return undefined;
  return Object.entries(given).map(([called, v]) => {
    const name = asName(called.replace(/:0$/, ''), `a name in ${key}`, outer);
    const place = { ...outer, node: name };
    const info = asObject(v, `entry of ${key}`, place);
    const edge = parseEdge(asString(member(info, 'name') ?? called, 'name', place), place);
    return { name, edge, dtype: member(info, 'dtype'), shape: member(info, 'tensorShape') };
  });
}

/** Nodes that nobody uses. */
function ends(nodes: ReadonlyMap<string, GraphNode>): Port[] {
  const used = new Set([...nodes.values()].flatMap((n) => n.inputs.map((e) => e.node)));
  return [...nodes.keys()]
    .filter((name) => !used.has(name))
    .map((name) => ({ name, edge: { node: name, output: 0 } }));
}

/** The signature's inputs, then every other placeholder that an output needs. */
function inputPorts(
  listed: readonly Port[],
  nodes: ReadonlyMap<string, GraphNode>,
  order: readonly GraphNode[],
): Port[] {
  const known = new Set(listed.map((p) => p.edge.node));
  const more = order.filter((n) => sources.has(n.op) && !known.has(n.name));
  return [
    ...listed.filter((p) => nodes.has(p.edge.node)),
    ...more.map((n) => ({ name: n.name, edge: { node: n.name, output: 0 } })),
  ];
}

/** The batch is 1 where it is open; other open dimensions must be given. */
function inputType(
  port: Port,
  node: GraphNode,
  shapes: ReadOptions['shapes'],
): { dtype: DType; shape: Shape } {
  const { place } = node;
  const attr = (key: string) => {
    const v = member(node.attrs, key);
    return v === undefined ? undefined : attribute(v, `attribute ${key}`, place);
  };
  const type = attr('dtype') ?? port.dtype;
  const dtype = elementType(type);
  if (!dtype)
    throw new UnsupportedError([unsupported(`an input of type ${String(type).slice(0, 40)}`, place)], {
      file: place.file,
    });
  const declared =
    shapeOf(port.shape, 'tensorShape', place) ?? (attr('shape') as number[] | null | undefined) ?? null;
  const given = shapes && Object.hasOwn(shapes, port.name) ? shapes[port.name] : undefined;
  const hint = `give the whole shape of ${JSON.stringify(port.name)}`;
  if (!declared) {
    if (given) return { dtype, shape: given };
    throw badShape('the model does not say the shape of its input', place, hint);
  }
  if (given) {
    if (given.length !== declared.length || declared.some((d, i) => d !== -1 && d !== given[i]))
      throw usage(
        `shape [${given}] doesn't fit input ${JSON.stringify(port.name)} [${declared.map((d) => (d < 0 ? '?' : d))}]`,
      );
    return { dtype, shape: given };
  }
  const shape = declared.map((d, i) => (d === -1 && i === 0 ? 1 : d));
  if (shape.includes(-1))
    throw badShape(`the shape [${shape.map((d) => (d < 0 ? '?' : d))}] leaves dimensions open`, place, hint);
  if (shape.some((d) => d < 1)) throw badShape(`the shape [${shape}] is empty`, place);
  return { dtype, shape };
}
