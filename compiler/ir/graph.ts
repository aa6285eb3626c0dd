/**
 * The graph: static shapes, values in single assignment, nodes in topological order, everything frozen. A graph is never
 * changed: `GraphBuilder` makes a new one, `rewrite` makes one from another.
 */
import { assert, badGraph, type Place } from '../errors.ts';
import { type DType, type Shape, sizeOf, type Tensor, type TensorData, type TensorType } from './tensor.ts';

export type ValueId = number;
export type Attrs = Readonly<Record<string, unknown>>;

/**
 * Which weight of the source file a constant came from, so that pruned values can be written back:
 * `constant = scale · reshape(transpose(source, perm)) + shift`, where `scale` and `shift` belong to the rows (axis 0) of the
 * constant and each step may be missing.
 */
export interface Origin {
  readonly weight: string;
  readonly perm?: readonly number[];
  /** The shape in the file, where the constant was reshaped (after the transpose). */
  readonly shape?: Shape;
  readonly scale?: Float32Array;
  readonly shift?: Float32Array;
}

export interface Value extends TensorType {
  readonly id: ValueId;
  readonly name: string;
  /** Present on constants. */
  readonly data?: TensorData;
  readonly origin?: Origin;
}

export interface Node {
  readonly kind: string;
  /** The name in the source model. */
  readonly name: string;
  /** What the source called the operator, for messages. */
  readonly source: string;
  readonly attrs: Attrs;
  /** `null` is an omitted optional input. */
  readonly inputs: readonly (ValueId | null)[];
  readonly outputs: readonly ValueId[];
}

export interface Port {
  readonly name: string;
  readonly value: ValueId;
}

export interface Graph {
  readonly name: string;
  readonly values: ReadonlyMap<ValueId, Value>;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface TypedPort {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Inputs or outputs of a graph, with what goes through them. */
export const portsOf = (graph: Graph, ports: readonly Port[]): TypedPort[] =>
  ports.map((p) => {
    const { dtype, shape } = graph.values.get(p.value)!;
    return { name: p.name, dtype, shape };
  });

/** What the builder must know of operators. */
export interface Semantics {
  infer(kind: string, inputs: readonly (Value | null)[], attrs: Attrs, place: Place): TensorType[];
  /** Used to fold nodes all of whose inputs are constant. */
  evaluate(kind: string, inputs: readonly (Tensor | null)[], attrs: Attrs): Tensor[];
}

/** Folded constants never grow past this many elements, nor past 8 × their inputs (+ 64 Ki). */
const foldLimit = 1 << 24;

export class GraphBuilder {
  readonly #semantics: Semantics;
  readonly #name: string;
  readonly #values = new Map<ValueId, Value>();
  readonly #nodes: Node[] = [];
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #seen = new Map<string, readonly ValueId[]>();
  #next = 0;

  constructor(semantics: Semantics, name: string) {
    this.#semantics = semantics;
    this.#name = name;
  }

  value(id: ValueId): Value {
    const v = this.#values.get(id);
    assert(v, `value ${id} is unknown`);
    return v;
  }

  shape(id: ValueId): Shape {
    return this.value(id).shape;
  }

  /** The constant behind `id`, if it is one. */
  constantOf(id: ValueId): Tensor | undefined {
    const v = this.value(id);
    return v.data === undefined ? undefined : { dtype: v.dtype, shape: v.shape, data: v.data };
  }

  input(name: string, dtype: DType, shape: Shape): ValueId {
    const id = this.#add({ name, dtype, shape });
    this.#inputs.push({ name, value: id });
    return id;
  }

  constant(t: Tensor, name = 'constant', origin?: Origin): ValueId {
    assert(t.data.length === sizeOf(t.shape), `constant ${name} doesn't fill its shape`);
    return this.#add({ name, dtype: t.dtype, shape: t.shape, data: t.data, origin });
  }

  /** A float32 scalar constant. */
  scalar(value: number, dtype: DType = 'float32'): ValueId {
    const data = dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value);
    return this.constant({ dtype, shape: [], data }, String(value));
  }

  /**
   * Appends a node and returns its outputs. Shapes are inferred and checked here (`CompileError`), constants are
   * folded, equal nodes are shared.
   */
  node(
    kind: string,
    inputs: readonly (ValueId | null)[],
    attrs: Attrs = {},
    label: { name?: string; source?: string } = {},
  ): readonly ValueId[] {
    const name = label.name ?? `${kind}_${this.#nodes.length}`;
    const source = label.source ?? kind;
    const place = { node: name, op: source };
    const values = inputs.map((id) => (id === null ? null : this.value(id)));
    const types = this.#semantics.infer(kind, values, attrs, place);
    for (const t of types) sizeOf(t.shape, place);

    const key = keyOf(kind, inputs, attrs);
    const seen = this.#seen.get(key);
    if (seen) return seen;

    const given = values.filter((v) => v !== null);
    const total = types.reduce((n, t) => n + sizeOf(t.shape), 0);
    const before = given.reduce((n, v) => n + sizeOf(v.shape), 0);
    if (given.every((v) => v.data !== undefined) && total <= Math.min(foldLimit, before * 8 + 65536)) {
      const folded = this.#semantics.evaluate(kind, values as (Tensor | null)[], attrs);
      const origin = given.length === 1 ? originThrough(kind, attrs, given[0]) : undefined;
      const constants = folded.map((t) => this.constant(t, given[0]?.name ?? name, origin));
      this.#seen.set(key, constants);
      return constants;
    }

    const outputs = types.map((t, i) => this.#add({ name: i === 0 ? name : `${name}:${i}`, ...t }));
    this.#nodes.push(
      Object.freeze({ kind, name, source, attrs: Object.freeze({ ...attrs }), inputs, outputs }),
    );
    this.#seen.set(key, outputs);
    return outputs;
  }

  /** `node` for operators with one output. */
  one(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}, label = {}): ValueId {
    return this.node(kind, inputs, attrs, label)[0];
  }

  output(name: string, value: ValueId): void {
    if (this.#outputs.some((o) => o.name === name))
      throw badGraph(`two outputs are named ${JSON.stringify(name)}`);
    this.#outputs.push({ name, value });
  }

  /** The finished graph without anything that no output needs; inputs stay. */
  finish(): Graph {
    if (this.#outputs.length === 0) throw badGraph('the model has no outputs');
    const live = new Set<ValueId>(this.#outputs.map((o) => o.value));
    const nodes: Node[] = [];
    for (const n of [...this.#nodes].reverse()) {
      if (!n.outputs.some((o) => live.has(o))) continue;
      nodes.push(n);
      for (const i of n.inputs) if (i !== null) live.add(i);
      for (const o of n.outputs) live.add(o);
    }
    for (const p of this.#inputs) live.add(p.value);
    const values = new Map([...this.#values].filter(([id]) => live.has(id)));
    return Object.freeze({
      name: this.#name,
      values,
      nodes: nodes.reverse(),
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #add(v: Omit<Value, 'id'>): ValueId {
    const id = this.#next++;
    this.#values.set(id, Object.freeze({ id, ...v, shape: Object.freeze([...v.shape]) }));
    return id;
  }
}

/** Equal for nodes that compute the same; JSON alone takes -0 for 0 and NaN for an infinity. */
const keyOf = (kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs) =>
  JSON.stringify([kind, inputs, attrs], (_k, v) => {
    if (Object.is(v, -0)) return '-0';
    return typeof v === 'number' && !Number.isFinite(v) ? String(v) : v;
  });

/** A folded transpose or reshape of a weight still knows its source. */
function originThrough(kind: string, attrs: Attrs, v: Value): Origin | undefined {
  const o = v.origin;
  if (!o || o.scale || o.shift) return undefined;
  if (kind === 'transpose' && !o.shape) {
    const perm = attrs.perm as number[];
    return { ...o, perm: o.perm ? perm.map((p) => o.perm![p]) : perm };
  }
  if (kind === 'reshape') return { ...o, shape: o.shape ?? sourceShape(v.shape, o.perm) };
  return undefined;
}

/** The shape that `transpose(…, perm)` turns into `shape`. */
function sourceShape(shape: Shape, perm?: readonly number[]): Shape {
  return perm ? shape.map((_, axis) => shape[perm.indexOf(axis)]) : shape;
}

/** Emits the replacement of one node: outputs in the new graph, or `undefined` to copy the node as it is. */
export type Rewrite = (
  node: Node,
  b: GraphBuilder,
  get: (old: ValueId) => ValueId,
) => readonly ValueId[] | undefined;

/**
 * A new graph made by walking the nodes of `graph` in order. `change` may return replacement outputs; constants may be
 * replaced by `constant`. What nothing uses afterwards is dropped.
 */
export function rewrite(
  graph: Graph,
  semantics: Semantics,
  change: Rewrite,
  constant: (v: Value) => (Tensor & { origin?: Origin }) | undefined = () => undefined,
): Graph {
  const b = new GraphBuilder(semantics, graph.name);
  const map = new Map<ValueId, ValueId>();
  for (const p of graph.inputs) {
    const v = graph.values.get(p.value)!;
    map.set(p.value, b.input(p.name, v.dtype, v.shape));
  }
  const get = (old: ValueId): ValueId => {
    const known = map.get(old);
    if (known !== undefined) return known;
    const v = graph.values.get(old);
    assert(v?.data !== undefined, `value ${old} is used before it is made`);
    const t = constant(v) ?? (v as Tensor & { origin?: Origin });
    const id = b.constant(t, v.name, t.origin);
    map.set(old, id);
    return id;
  };
  for (const n of graph.nodes) {
    const made =
      change(n, b, get) ??
      b.node(
        n.kind,
        n.inputs.map((i) => (i === null ? null : get(i))),
        n.attrs,
        { name: n.name, source: n.source },
      );
    assert(made.length === n.outputs.length, `rewrite of ${n.name} returns ${made.length} outputs`);
    for (let i = 0; i < made.length; i++) map.set(n.outputs[i], made[i]);
  }
  for (const p of graph.outputs) b.output(p.name, get(p.value));
  return b.finish();
}

/** Who makes and who uses each value. */
export class Links {
  readonly #producer = new Map<ValueId, Node>();
  readonly #users = new Map<ValueId, Node[]>();
  readonly #outputs: ReadonlySet<ValueId>;

  constructor(graph: Graph) {
    for (const n of graph.nodes) {
      for (const o of n.outputs) this.#producer.set(o, n);
      for (const i of new Set(n.inputs)) {
        if (i === null) continue;
        const list = this.#users.get(i);
        if (list) list.push(n);
        else this.#users.set(i, [n]);
      }
    }
    this.#outputs = new Set(graph.outputs.map((o) => o.value));
  }

  producer(id: ValueId | null): Node | undefined {
    return id === null ? undefined : this.#producer.get(id);
  }

  users(id: ValueId): readonly Node[] {
    return this.#users.get(id) ?? [];
  }

  /** True where exactly one node uses the value and it is no output of the model. */
  single(id: ValueId): boolean {
    return this.users(id).length === 1 && !this.#outputs.has(id);
  }
}
