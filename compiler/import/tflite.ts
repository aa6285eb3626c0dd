/**
 * TFLite. Quantized values are computed as the numbers that they stand for and rounded to their steps behind every operator;
 * weights that come sparse or in half precision become plain constants that keep their zeros.
 */
import {
  badFormat,
  badGraph,
  badShape,
  CompileError,
  overLimit,
  type Place,
  UnsupportedError,
  unsupported,
  usage,
} from '../errors.ts';
import { type Attrs, GraphBuilder, type ValueId } from '../ir/graph.ts';
import { type Shape, sizeOf } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { ModelFiles } from './files.ts';
import { checkName, JsonConfig } from './json.ts';
import type { Model, Reader, ReadOptions } from './read.ts';
import { liteReaders } from './reader-names.ts';
import { type NodeCall, SourceNode } from './source-node.ts';
import { builtins, customCode, optionsOf } from './tflite-schema.ts';
import { Bytes, type Table } from './tflite-table.ts';
import { bufferBytes, decodeTensor, type LiteTensor, parseTensor, storedType } from './tflite-tensor.ts';

export default {
  name: 'tflite',
  detect: (files) => !files.main.endsWith('.json') && isLite(files.read(files.main)),
  read: readLite,
} satisfies Reader;

const isLite = (b: Uint8Array) => String.fromCharCode(...b.subarray(4, 8)) === 'TFL3';

interface Operator {
  readonly builtin: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
  readonly place: Place;
}

interface Port {
  readonly name: string;
  readonly tensor: number;
}

/** Tensors that operators name, all together. */
const maxEdges = 1_000_000;

export function readLite(files: ModelFiles, options: ReadOptions = {}): Model {
  const place = { file: files.main };
  const bytes = new Bytes(files.read(files.main), place);
  const model = bytes.root();
  if (model.u32(0) !== 3) throw badFormat(`schema version ${model.u32(0)}, not 3`, place);
  const [graph] = model.tables(2);
  if (!graph) throw badGraph('the model has no graph', place);
  const tensors = graph.tables(0).map((t, i) => parseTensor(t, i, place));
  const operators = parseOperators(model, graph, tensors, place);
  const items = operators
    .filter((o) => !liteReaders.has(o.builtin))
    .map((o) => unsupported(`operator ${o.builtin}`, o.place));
  if (items.length > 0) throw new UnsupportedError(items, place);
  const signature = model.tables(7).find((s) => s.u32(4) === 0);
  const inputs = ports(graph.i32s(1), tensors, signature?.tables(0), place);
  const outputs = ports(graph.i32s(2), tensors, signature?.tables(1), place);
  for (const name of Object.keys(options.shapes ?? {})) {
    if (!inputs.some((p) => p.name === name))
      throw usage(`a shape is given for ${JSON.stringify(name)}, which is no input`);
  }
  const buffers = model.tables(4);
  const b = new GraphBuilder(semantics, 'model');
  const builder = new Builder(b, tensors, (t) => constantOf(bytes, buffers, t), options);
  for (const p of inputs) builder.input(p);
  for (const o of operators) builder.apply(o);
  if (builder.items.length > 0) throw new UnsupportedError(builder.items, place);
  for (const p of outputs) b.output(p.name, builder.output(p.tensor, place));
  return { graph: b.finish(), producer: model.text(3) };
}

/** A tensor without elements needs no buffer. */
const constantOf = (bytes: Bytes, buffers: readonly Table[], t: LiteTensor) =>
  bufferBytes(bytes, buffers, t) ?? (sizeOf(t.shape) === 0 ? new Uint8Array(0) : undefined);

function parseOperators(
  model: Table,
  graph: Table,
  tensors: readonly LiteTensor[],
  outer: Place,
): Operator[] {
  const codes = model.tables(1).map((c) => codeName(c, outer));
  let edges = 0;
  return graph.tables(3).map((o) => {
    const builtin = codes[o.u32(0)];
    if (builtin === undefined) throw badFormat(`there is no operator code ${o.u32(0)}`, outer);
    const [inputs, outputs] = [o.i32s(1), o.i32s(2)];
    edges += inputs.length + outputs.length;
    if (edges > maxEdges) throw overLimit('number of edges', edges, maxEdges, outer);
    const node = checkName(tensors[outputs[0]]?.name ?? builtin, outer);
    const place = { ...outer, node, op: builtin };
    for (const i of [...inputs, ...outputs]) {
      if (i < -1 || i >= tensors.length) throw badGraph(`there is no tensor ${i}`, place);
    }
    if (outputs.includes(-1)) throw badGraph('an output is no tensor', place);
    return { builtin, inputs, outputs, options: o.table(4), place };
  });
}

/** Codes past 127 are in a newer field; the old one then holds 127. */
function codeName(c: Table, place: Place): string {
  const code = Math.max(c.i8(0), c.i32(3));
  if (code === customCode) return checkName(`custom ${(c.text(1) ?? '').slice(0, 100)}`, place);
  return builtins[code] ?? `number ${code}`;
}

/** Named by the signature where there is one, else by the tensor. */
function ports(
  ids: readonly number[],
  tensors: readonly LiteTensor[],
  signature: readonly Table[] | undefined,
  outer: Place,
): Port[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const t = tensors[id];
    if (!t) throw badGraph(`there is no tensor ${id}`, outer);
    const called = signature?.find((s) => s.u32(1) === id)?.text(0) ?? t.name;
    const base = checkName(called.replace(/:0$/, ''), outer);
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return { name, tensor: id };
  });
}

/** 16-bit steps are kept as int32, which has room for them. */
const quantizedTypes: Readonly<Record<string, Attrs>> = {
  DT_INT8: { to: 'int8' },
  DT_UINT8: { to: 'uint8' },
  DT_INT16: { to: 'int32', low: -32768, high: 32767 },
};

/** A node whose variables, which hold nothing yet, are no inputs; readers that know of states ask for them. */
class LiteNode extends SourceNode {
  readonly #variables: ReadonlySet<number>;
  readonly #asked = new Set<number>();

  constructor(b: GraphBuilder, call: NodeCall, place: Place, variables: ReadonlySet<number>) {
    super(b, call, place);
    this.#variables = variables;
  }

  override input(i: number): ValueId {
    return this.#variables.has(i) ? this.unsupported('a variable tensor') : super.input(i);
  }

  variable(i: number): boolean {
    this.#asked.add(i);
    return this.#variables.has(i);
  }

  checkVariables(): void {
    for (const i of this.#variables) if (!this.#asked.has(i)) this.unsupported('a variable tensor');
  }
}

class Builder {
  readonly items: CompileError[] = [];
  readonly #b: GraphBuilder;
  readonly #tensors: readonly LiteTensor[];
  readonly #constant: (t: LiteTensor) => Uint8Array<ArrayBuffer> | undefined;
  readonly #options: ReadOptions;
  /** What each tensor stands for; `undefined` where that depends on something unsupported. */
  readonly #real = new Map<number, ValueId | undefined>();
  /** Its steps, where it is quantized. */
  readonly #stored = new Map<number, ValueId>();

  constructor(
    b: GraphBuilder,
    tensors: readonly LiteTensor[],
    constant: (t: LiteTensor) => Uint8Array<ArrayBuffer> | undefined,
    options: ReadOptions,
  ) {
    this.#b = b;
    this.#tensors = tensors;
    this.#constant = constant;
    this.#options = options;
  }

  input({ name, tensor }: Port): void {
    const t = this.#tensors[tensor];
    const id = this.#b.input(name, storedType(t), inputShape(t, name, this.#options.shapes));
    if (t.quantization) this.#keep(tensor, id);
    else this.#real.set(tensor, id);
  }

  apply(o: Operator): void {
    for (const i of o.outputs) {
      if (this.#real.has(i)) throw badGraph(`tensor ${i} is made twice`, o.place);
    }
    const inputs = o.inputs.map((i) =>
      i === -1 || this.#tensors[i].variable ? null : this.#get(i, o.place),
    );
    const made = inputs.includes(undefined) ? undefined : this.#read(o, inputs as (ValueId | null)[]);
    o.outputs.forEach((tensor, i) => {
      const id = made?.[i];
      if (made && id === undefined) throw badGraph(`output ${i} is not made`, o.place);
      if (id === undefined) this.#real.set(tensor, undefined);
      else this.#set(tensor, id, o.place);
    });
  }

  output(tensor: number, place: Place): ValueId {
    const real = this.#get(tensor, place)!;
    return this.#stored.get(tensor) ?? real;
  }

  #read(o: Operator, inputs: readonly (ValueId | null)[]): readonly ValueId[] | undefined {
    const [first] = o.outputs;
    const config = { ...optionsOf(o.builtin, o.options), out_data_type: this.#tensors[first]?.type ?? '' };
    const call = { name: o.place.node!, source: o.builtin, config: new JsonConfig(config, o.place), inputs };
    try {
      const variables = new Set(o.inputs.flatMap((t, i) => (this.#tensors[t]?.variable ? [i] : [])));
      const node = new LiteNode(this.#b, call, o.place, variables);
      const out = liteReaders.get(o.builtin)!(node);
      node.checkVariables();
      return typeof out === 'number' ? [out] : out;
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      if (error.code !== 'E_UNSUPPORTED') throw error.at(o.place);
      this.items.push(error.at(o.place));
      return undefined;
    }
  }

  #get(index: number, place: Place): ValueId | undefined {
    if (this.#real.has(index)) return this.#real.get(index);
    const t = this.#tensors[index];
    const raw = this.#constant(t);
    if (!raw) throw badGraph(`tensor ${JSON.stringify(t.name)} is used before it is made`, place);
    const id = this.#b.constant(decodeTensor(t, raw, this.#options.allowNonfinite), t.name);
    this.#real.set(index, id);
    return id;
  }

  #set(index: number, id: ValueId, place: Place): void {
    const t = this.#tensors[index];
    const shape = this.#b.shape(id);
    const fixed = !this.#options.shapes && t.shape.length > 0 && !t.open.includes(-1);
    if (fixed && sizeOf(shape) !== sizeOf(t.shape))
      throw badShape(`the result is [${shape}], but the file says [${t.shape}]`, place);
    if (!t.quantization || this.#b.value(id).dtype !== 'float32') this.#real.set(index, id);
    else this.#round(index, id, place);
  }

  /** To the steps of the tensor, and back to what they stand for. */
  #round(index: number, id: ValueId, place: Place): void {
    const t = this.#tensors[index];
    if (t.type === 'DT_FLOAT' || t.type === 'DT_HALF') {
      this.#real.set(index, id);
      return;
    }
    const to = quantizedTypes[t.type];
    if (!to) throw unsupported(`activations of type ${t.type}`, place);
    const [scale, zero] = this.#steps(t);
    this.#keep(index, this.#b.one('quantizeLinear', [id, scale, zero], to, label(place)));
  }

  #keep(index: number, stored: ValueId): void {
    const t = this.#tensors[index];
    const [scale, zero] = this.#steps(t);
    this.#stored.set(index, stored);
    this.#real.set(index, this.#b.one('dequantizeLinear', [stored, scale, zero], {}, label(t.place)));
  }

  #steps(t: LiteTensor): [scale: ValueId, zero: ValueId] {
    const { scale, zero } = t.quantization!;
    if (scale.length !== 1) throw badFormat('activations have one scale, not one per channel', t.place);
    return [this.#b.scalar(scale[0]), this.#b.scalar(zero[0], 'int32')];
  }
}

const label = (place: Place) => ({ name: place.node, source: place.op });

/** The file's shape has 1 where a dimension is open. */
function inputShape(t: LiteTensor, name: string, shapes: ReadOptions['shapes']): Shape {
  const given = shapes && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (!given) {
    if (t.shape.some((d) => d < 1)) throw badShape(`the shape [${t.shape}] is empty`, t.place);
    return t.shape;
  }
  if (given.length !== t.open.length || t.open.some((d, i) => d !== -1 && d !== given[i]))
    throw usage(
      `shape [${given}] doesn't fit input ${JSON.stringify(name)} [${t.open.map((d) => (d < 0 ? '?' : d))}]`,
    );
  return given;
}
