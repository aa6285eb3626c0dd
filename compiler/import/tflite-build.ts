/** TFLite graph → graph: every operator becomes the nodes that its reader makes of it. */
import {
  badFormat,
  badGraph,
  badShape,
  CompileError,
  overLimit,
  type Place,
  unsupported,
  usage,
} from '../errors.ts';
import type { Attrs, GraphBuilder, ValueId } from '../ir/graph.ts';
import { type Shape, sizeOf } from '../ir/tensor.ts';
import { JsonConfig } from './json.ts';
import type { ReadOptions } from './read.ts';
import { liteReaders } from './reader-names.ts';
import { type NodeCall, SourceNode } from './source-node.ts';
import type { LiteGraph, Operator, Port } from './tflite-graph.ts';
import { optionsOf } from './tflite-schema.ts';
import { decodeTensor, type LiteTensor, storedType } from './tflite-tensor.ts';

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

/** What all graphs of a file share while they are built. */
export interface LiteFile {
  readonly options: ReadOptions;
  /** What turned out not to be supported. */
  readonly items: CompileError[];
  readonly constant: (t: LiteTensor) => Uint8Array<ArrayBuffer> | undefined;
  /** Graph `i` ≥ 1, which an operator at `place` asks for; throws `E_GRAPH`. */
  graph(i: number, place: Place): LiteGraph;
  /** Built so far, those of loops once for each round. */
  operators: number;
}

/** A tensor's value, and its steps where it is quantized; `real` is `undefined` where that depends on something unsupported. */
interface Known {
  readonly real: ValueId | undefined;
  readonly stored?: ValueId;
}

/** Branches and loops that are decided by constants. */
const control = new Set(['IF', 'WHILE']);
const maxOperators = 100_000;
const maxRounds = 1000;
const maxDepth = 32;

export const isRead = (builtin: string) => control.has(builtin) || liteReaders.has(builtin);

export class Builder {
  readonly #b: GraphBuilder;
  readonly #graph: LiteGraph;
  readonly #file: LiteFile;
  readonly #depth: number;
  readonly #known = new Map<number, Known>();

  constructor(b: GraphBuilder, graph: LiteGraph, file: LiteFile, depth = 0) {
    this.#b = b;
    this.#graph = graph;
    this.#file = file;
    this.#depth = depth;
  }

  input({ name, tensor }: Port): void {
    const t = this.#graph.tensors[tensor];
    const id = this.#b.input(name, storedType(t), inputShape(t, name, this.#file.options.shapes));
    this.#known.set(tensor, t.quantization ? this.#kept(t, id) : { real: id });
  }

  run(): void {
    for (const o of this.#graph.operators) this.#apply(o);
  }

  #apply(o: Operator): void {
    if (++this.#file.operators > maxOperators)
      throw overLimit('number of operators', this.#file.operators, maxOperators, o.place);
    for (const i of o.outputs) {
      if (this.#known.has(i)) throw badGraph(`tensor ${i} is made twice`, o.place);
    }
    const inputs = o.inputs.map((i) =>
      i === -1 || this.#graph.tensors[i].variable ? null : this.#get(i, o.place),
    );
    const known = inputs.every((k) => k === null || k.real !== undefined);
    const made = known ? this.#attempt(o, inputs) : undefined;
    o.outputs.forEach((tensor, i) => {
      if (made && made[i] === undefined) throw badGraph(`output ${i} is not made`, o.place);
      this.#known.set(tensor, made?.[i] ?? { real: undefined });
    });
  }

  output(tensor: number, place: Place): ValueId {
    const { real, stored } = this.#get(tensor, place);
    return stored ?? real!;
  }

  /** Results of an operator; `undefined` where something in it is unsupported, which is then on the list. */
  #attempt(o: Operator, inputs: readonly (Known | null)[]): readonly Known[] | undefined {
    try {
      if (control.has(o.builtin)) return this.#control(o, inputs);
      const results = this.#read(
        o,
        inputs.map((k) => k && k.real!),
      );
      return results.flatMap((id, i) =>
        i < o.outputs.length ? [this.#fitted(o.outputs[i], id, o.place)] : [],
      );
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      if (error.code !== 'E_UNSUPPORTED') throw error.at(o.place);
      this.#file.items.push(error.at(o.place));
      return undefined;
    }
  }

  /** Takes the branch, and goes the rounds, that constants decide. */
  #control(
    { builtin, options, place }: Operator,
    inputs: readonly (Known | null)[],
  ): readonly Known[] | undefined {
    const config = new JsonConfig(optionsOf(builtin, options), place);
    const given = inputs.map((k) => k ?? badly('an input is missing', place));
    if (builtin === 'IF') {
      const [condition, ...args] = given;
      const branch = this.#decide(condition, place) ? 'then_subgraph_index' : 'else_subgraph_index';
      return this.#inline(config.int(branch), args, place);
    }
    let values: readonly Known[] | undefined = given;
    for (let round = 0; values; round++) {
      const goOn: readonly Known[] | undefined = this.#inline(
        config.int('cond_subgraph_index'),
        values,
        place,
      );
      if (!goOn || !this.#decide(goOn[0] ?? badly('a condition is missing', place), place))
        return goOn && values;
      if (round === maxRounds) throw unsupported(`a loop of more than ${maxRounds} rounds`, place);
      values = this.#inline(config.int('body_subgraph_index'), values, place);
    }
    return undefined;
  }

  #decide({ real }: Known, place: Place): boolean {
    const condition = this.#b.constantOf(real!);
    if (!condition) throw unsupported('a condition computed at run time', place);
    if (condition.data.length !== 1)
      throw badGraph(`a condition of ${condition.data.length} elements`, place);
    return condition.data[0] !== 0;
  }

  /** Outputs of another graph; `undefined` where something in it is unsupported. */
  #inline(index: number, args: readonly Known[], place: Place): readonly Known[] | undefined {
    if (this.#depth === maxDepth) throw badGraph('graphs that contain themselves', place);
    const graph = this.#file.graph(index, place);
    if (graph.inputs.length !== args.length)
      throw badGraph(`${args.length} values for a graph with ${graph.inputs.length} inputs`, place);
    if (graph.tensors.some((t) => t.variable)) throw unsupported('states in a branch or a loop', place);
    const inner = new Builder(this.#b, graph, this.#file, this.#depth + 1);
    graph.inputs.forEach((tensor, i) => void inner.#known.set(tensor, args[i]));
    inner.run();
    const results = graph.outputs.map((tensor) => inner.#get(tensor, place));
    return results.some((k) => k.real === undefined) ? undefined : results;
  }

  #read(o: Operator, inputs: readonly (ValueId | null)[]): readonly ValueId[] {
    const { tensors } = this.#graph;
    const read = liteReaders.get(o.builtin);
    if (!read) throw unsupported(`operator ${o.builtin}`, o.place);
    const config = { ...optionsOf(o.builtin, o.options), out_data_type: tensors[o.outputs[0]]?.type ?? '' };
    const call = { name: o.place.node!, source: o.builtin, config: new JsonConfig(config, o.place), inputs };
    const variables = new Set(o.inputs.flatMap((t, i) => (tensors[t]?.variable ? [i] : [])));
    const node = new LiteNode(this.#b, call, o.place, variables);
    const out = read(node);
    node.checkVariables();
    return typeof out === 'number' ? [out] : out;
  }

  #get(index: number, place: Place): Known {
    const known = this.#known.get(index);
    if (known) return known;
    const t = this.#graph.tensors[index];
    if (!t) throw badGraph(`there is no tensor ${index}`, place);
    const raw = this.#file.constant(t);
    if (!raw) throw badGraph(`tensor ${JSON.stringify(t.name)} is used before it is made`, place);
    const real = this.#b.constant(decodeTensor(t, raw, this.#file.options.allowNonfinite), t.name);
    this.#known.set(index, { real });
    return { real };
  }

  /** A result as the file says that tensor is: of its size, rounded to its steps. */
  #fitted(index: number, id: ValueId, place: Place): Known {
    const t = this.#graph.tensors[index];
    const shape = this.#b.shape(id);
    // Graphs that are inlined may say only what is so in their first round.
    const fixed =
      this.#depth === 0 && !this.#file.options.shapes && t.shape.length > 0 && !t.open.includes(-1);
    if (fixed && sizeOf(shape) !== sizeOf(t.shape))
      throw badShape(`the result is [${shape}], but the file says [${t.shape}]`, place);
    const float = t.type === 'DT_FLOAT' || t.type === 'DT_HALF';
    if (!t.quantization || float || this.#b.value(id).dtype !== 'float32') return { real: id };
    const to = quantizedTypes[t.type];
    if (!to) throw unsupported(`activations of type ${t.type}`, place);
    const [scale, zero] = this.#steps(t);
    return this.#kept(t, this.#b.one('quantizeLinear', [id, scale, zero], to, label(place)));
  }

  #kept(t: LiteTensor, stored: ValueId): Known {
    const [scale, zero] = this.#steps(t);
    return { stored, real: this.#b.one('dequantizeLinear', [stored, scale, zero], {}, label(t.place)) };
  }

  #steps(t: LiteTensor): [scale: ValueId, zero: ValueId] {
    const { scale, zero } = t.quantization!;
    if (scale.length !== 1) throw badFormat('activations have one scale, not one per channel', t.place);
    return [this.#b.scalar(scale[0]), this.#b.scalar(zero[0], 'int32')];
  }
}

function badly(what: string, place: Place): never {
  throw badGraph(what, place);
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
