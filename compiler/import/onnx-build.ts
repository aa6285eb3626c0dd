/** ONNX graph → graph: every node becomes the nodes that its operator reads it into. */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import {
  badFormat,
  badGraph,
  CompileError,
  nonFinite,
  overLimit,
  type Place,
  UnsupportedError,
  unsupported,
  usage,
} from '../errors.ts';
import { type Graph, GraphBuilder, type ValueId } from '../ir/graph.ts';
import { allocate, sizeOf, type Tensor, type TensorType } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { ModelFiles } from './files.ts';
import { checkName } from './json.ts';
import { inputTypes } from './onnx-inputs.ts';
import { onnxReaders } from './onnx-names.ts';
import { OnnxNode } from './onnx-node.ts';
import { ordered } from './onnx-order.ts';
import { TensorReader } from './onnx-tensor.ts';
import type { ReadOptions } from './read.ts';

const maxNodes = 100_000;
const opsets = { oldest: 1, newest: 22 };

/** Operators that the reader itself takes, because they are about the file and not about numbers. */
const structural = new Set(['Constant', 'If']);

export function buildOnnx(model: ModelProto, files: ModelFiles, options: ReadOptions): Graph {
  const place = { file: files.main };
  if (!model.graph) throw badFormat('the model has no graph', place);
  if (model.graph.node.length > maxNodes)
    throw overLimit('number of nodes', model.graph.node.length, maxNodes, place);
  const opset = opsetOf(model, place);
  const missing = unread(model.graph, model, place);
  if (missing.length > 0) throw new UnsupportedError(missing, place);
  const builder = new Builder(model.graph, files, opset, options);
  return builder.build(model.graph);
}

function opsetOf(model: ModelProto, place: Place): number {
  const own = model.opsetImport.filter((o) => isCore(o.domain));
  if (own.length > 1) throw badFormat('the opset version is given twice', place);
  const version = own.length === 0 ? 1 : Number(own[0].version);
  if (version < opsets.oldest || version > opsets.newest) {
    const range = `${opsets.oldest} to ${opsets.newest}`;
    const item = unsupported(
      `opset ${version}, only ${range}`,
      place,
      'export the model again, or convert it',
    );
    throw new UnsupportedError([item], place);
  }
  return version;
}

const isCore = (domain: string) => domain === '' || domain === 'ai.onnx';

/** All nodes that nothing reads. Branches of `If` wait until it is known which is taken. */
function unread(graph: GraphProto, model: ModelProto, { file }: Place): CompileError[] {
  const functions = new Set(model.functions.map((f) => `${f.domain}:${f.name}`));
  return graph.node.flatMap((n) => {
    const place = placeOf(n, file!);
    if (functions.has(`${n.domain}:${n.opType}`))
      return [unsupported('a function of the model', place, 'inline the functions of the model first')];
    if (!isCore(n.domain)) return [unsupported(`operator of the domain ${n.domain}`, place)];
    if (structural.has(n.opType) || onnxReaders.has(n.opType)) return [];
    return [unsupported(`operator ${n.opType}`, place)];
  });
}

function placeOf(n: NodeProto, file: string): { file: string; node: string; op: string } {
  const node = n.name || n.output.find((o) => o !== '') || n.opType;
  return { file, node: checkName(node, { file }), op: checkName(n.opType, { file, node }) };
}

/** A value by name; `null`: it could not be made, which is already on the list. An error: it is not there for a reason. */
type Known = ValueId | null | CompileError;

class Scope {
  readonly #own = new Map<string, Known>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  get(name: string): Known | undefined {
    return this.#own.has(name) ? this.#own.get(name) : this.#outer?.get(name);
  }

  /** Throws `E_GRAPH` where the name is taken. */
  set(name: string, value: Known, place: Place): void {
    if (this.#own.has(name)) throw badGraph(`${JSON.stringify(name.slice(0, 100))} is made twice`, place);
    this.#own.set(checkName(name, place), value);
  }
}

class Builder {
  readonly #b: GraphBuilder;
  readonly #files: ModelFiles;
  readonly #tensors: TensorReader;
  readonly #opset: number;
  readonly #options: ReadOptions;
  readonly #items: CompileError[] = [];

  constructor(graph: GraphProto, files: ModelFiles, opset: number, options: ReadOptions) {
    this.#b = new GraphBuilder(
      semantics,
      graph.name === '' ? 'model' : checkName(graph.name, { file: files.main }),
    );
    this.#files = files;
    this.#tensors = new TensorReader(files);
    this.#opset = opset;
    this.#options = options;
  }

  build(graph: GraphProto): Graph {
    const place = { file: this.#files.main };
    const scope = new Scope();
    const weights = new Set(
      [...graph.initializer, ...graph.sparseInitializer.flatMap((s) => s.values ?? [])].map((t) => t.name),
    );
    const inputs = graph.input.filter((v) => !weights.has(v.name));
    const types = inputTypes(inputs, this.#options.shapes ?? {}, this.#files.main);
    inputs.forEach((v, i) => {
      const at = { ...place, node: v.name, op: 'input' };
      scope.set(v.name, this.#input(v.name, types[i]), at);
    });
    for (const name of Object.keys(this.#options.shapes ?? {})) {
      if (!graph.input.some((v) => v.name === name))
        throw usage(`a shape is given for ${JSON.stringify(name)}, which is no input`);
    }
    for (const name of Object.keys(this.#options.fixed ?? {}))
      if (!inputs.some((v) => v.name === name)) throw usage(`no input ${JSON.stringify(name)} to fix`);
    const outputs = this.#body(graph, scope);
    if (this.#items.length > 0) throw new UnsupportedError(this.#items, place);
    graph.output.forEach((o, i) => void this.#b.output(o.name, outputs[i]!));
    return this.#b.finish();
  }

  #input(name: string, { dtype, shape }: TensorType): ValueId {
    const { fixed = {} } = this.#options;
    if (!Object.hasOwn(fixed, name)) return this.#b.input(name, dtype, shape);
    const data = allocate(dtype, sizeOf(shape)).fill(fixed[name]);
    return this.#b.constant({ dtype, shape, data }, name);
  }

  /** Values of the outputs of a graph whose inputs are in scope. */
  #body(graph: GraphProto, scope: Scope): (ValueId | null)[] {
    const place = { file: this.#files.main };
    for (const t of graph.initializer)
      scope.set(t.name, this.#weight(t), { ...place, node: t.name, op: 'initializer' });
    for (const s of graph.sparseInitializer) {
      const name = s.values?.name ?? '';
      const at = { ...place, node: name, op: 'initializer' };
      scope.set(name, this.#constant(name, this.#tensors.sparse(s, at), at), at);
    }
    for (const node of ordered(graph.node, place)) this.#apply(node, scope);
    return graph.output.map((o) => this.#use(o.name, scope, { ...place, node: o.name, op: 'output' }));
  }

  #weight(t: TensorProto): ValueId {
    const place = { file: this.#files.main, node: t.name, op: 'initializer' };
    return this.#constant(t.name, this.#tensors.tensor(t, place), place);
  }

  /** Single numbers may be infinite: they are bounds, not weights. */
  #constant(name: string, t: Tensor, place: Place): ValueId {
    if (t.dtype === 'float32' && sizeOf(t.shape) > 1 && !this.#options.allowNonfinite) {
      let bad = 0;
      for (const v of t.data) if (!Number.isFinite(v)) bad++;
      if (bad > 0) throw nonFinite(`initializer ${JSON.stringify(checkName(name, place))}`, bad, place);
    }
    return this.#b.constant(t, checkName(name, place), { weight: name });
  }

  #use(name: string, scope: Scope, place: Place): ValueId | null {
    const known = scope.get(name);
    if (known === undefined) throw badGraph(`${JSON.stringify(name.slice(0, 100))} is made nowhere`, place);
    if (!(known instanceof CompileError)) return known;
    this.#items.push(known);
    return null;
  }

  #apply(node: NodeProto, scope: Scope): void {
    const place = placeOf(node, this.#files.main);
    const inputs = node.input.map((name) => (name === '' ? null : this.#use(name, scope, place)));
    const known = node.input.every((name, i) => name === '' || inputs[i] !== null);
    const made = known ? this.#attempt(node, inputs, scope, place) : [];
    node.output.forEach((name, i) => {
      if (name === '') return;
      const value = made === undefined || !known ? null : made[i];
      scope.set(name, value === undefined ? unsupported(`output ${i}`, place) : value, place);
    });
  }

  /** `undefined`: what is unsupported is on the list. */
  #attempt(
    node: NodeProto,
    inputs: readonly (ValueId | null)[],
    scope: Scope,
    place: Place & { readonly node: string },
  ): readonly (ValueId | null)[] | undefined {
    try {
      const context = new OnnxNode(this.#b, node, inputs, this.#tensors, this.#opset, place);
      if (node.opType === 'If') return this.#branch(context, scope);
      if (node.opType === 'Constant') return [this.#b.constant(constantOf(context), context.name)];
      const read = isCore(node.domain) ? onnxReaders.get(node.opType) : undefined;
      if (!read) return context.unsupported(`operator ${node.opType}`);
      const results = read(context);
      return typeof results === 'number' ? [results] : results;
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      if (error.code !== 'E_UNSUPPORTED' || error instanceof UnsupportedError) throw error.at(place);
      this.#items.push(error.at(place));
      return undefined;
    }
  }

  #branch(c: OnnxNode, scope: Scope): (ValueId | null)[] {
    const condition = c.constant(0);
    if (condition.data.length !== 1) c.malformed(`a condition of ${condition.data.length} elements`);
    const branch = c.config.get(condition.data[0] ? 'then_branch' : 'else_branch')?.g;
    if (!branch) return c.malformed('the branch is missing');
    if (branch.output.length !== c.outputs.length)
      c.malformed(`the branch has ${branch.output.length} outputs, the node ${c.outputs.length}`);
    return this.#body(branch, new Scope(scope));
  }
}

function constantOf(c: OnnxNode): Tensor {
  const list = (key: string) => c.config.raw(key) as number[];
  if (c.config.has('value')) return c.config.tensor('value');
  if (c.config.has('value_float'))
    return { dtype: 'float32', shape: [], data: Float32Array.of(c.config.float('value_float')) };
  if (c.config.has('value_int'))
    return { dtype: 'int32', shape: [], data: Int32Array.of(c.config.int('value_int')) };
  if (c.config.has('value_floats')) return vector('float32', Float32Array.from(list('value_floats')));
  if (c.config.has('value_ints')) return vector('int32', Int32Array.from(list('value_ints')));
  if (c.config.has('sparse_value')) return c.config.sparse('sparse_value');
  return c.config.has('value_string') || c.config.has('value_strings')
    ? c.unsupported('element type string')
    : c.malformed('the constant has no value');
}

const vector = (dtype: Tensor['dtype'], data: Tensor['data']): Tensor => ({
  dtype,
  shape: [data.length],
  data,
});
