/** What a translation may use: the graph that grows, and the call that it stands for. */
import type { Attrs, GraphBuilder, ValueId } from '../../../../compiler/ir/graph.ts';
import type { DType, Shape, Tensor } from '../../../../compiler/ir/tensor.ts';
import type { Call, Tfjs } from '../backend.ts';

/** A kernel of tfjs as nodes of a graph. */
export interface Translation {
  /** Operands that are weights; `() => []` where none is. */
  constants(call: Call): readonly string[];
  build(c: Context): ValueId | readonly ValueId[];
}

/** A translation of a kernel that has no weights. */
export const computed = (build: Translation['build']): Translation => ({ constants: () => [], build });

export class Context {
  readonly tf: Tfjs;
  readonly b: GraphBuilder;
  readonly call: Call;
  /** In the order of the call. */
  readonly ids: readonly ValueId[];
  readonly #label: string;

  constructor(tf: Tfjs, b: GraphBuilder, call: Call, ids: readonly ValueId[], label: string) {
    this.tf = tf;
    this.b = b;
    this.call = call;
    this.ids = ids;
    this.#label = label;
  }

  /** An attribute, of the type that tfjs documents for it. */
  attr<T>(name: string): T {
    return this.call.attrs[name] as T;
  }

  has(name: string): boolean {
    return this.call.names.includes(name);
  }

  id(name: string): ValueId {
    return this.ids[this.#index(name)];
  }

  tensor(name: string): Tensor {
    return this.call.inputs[this.#index(name)];
  }

  shape(id: ValueId): Shape {
    return this.b.shape(id);
  }

  dtype(id: ValueId): DType {
    return this.b.value(id).dtype;
  }

  one(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.b.one(kind, inputs, attrs, { name: this.#label });
  }

  node(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): readonly ValueId[] {
    return this.b.node(kind, inputs, attrs, { name: this.#label });
  }

  reshape(id: ValueId, shape: Shape): ValueId {
    return this.one('reshape', [id], { shape });
  }

  transpose(id: ValueId, perm: readonly number[]): ValueId {
    return this.one('transpose', [id], { perm });
  }

  cast(id: ValueId, to: DType): ValueId {
    return this.dtype(id) === to ? id : this.one('cast', [id], { to });
  }

  /** `f` on floats; the result has the element type of `id`. */
  asFloat(id: ValueId, f: (x: ValueId) => ValueId): ValueId {
    return this.cast(f(this.cast(id, 'float32')), this.dtype(id));
  }

  scalar(value: number, dtype: DType = 'float32'): ValueId {
    return this.b.scalar(value, dtype);
  }

  #index(name: string): number {
    const i = this.call.names.indexOf(name);
    if (i < 0) throw new Error(`${this.call.kernel} has no operand ${name}`);
    return i;
  }
}
