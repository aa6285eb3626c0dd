/** What a node's reader may ask: attributes, inputs, and new nodes under the node's name. */
import { badFormat, badGraph, type Place, unsupported } from '../errors.ts';
import type { Attrs, GraphBuilder, ValueId } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Config, NodeContext } from '../ops/define.ts';

export interface NodeCall {
  readonly name: string;
  readonly source: string;
  readonly config: Config;
  readonly inputs: readonly (ValueId | null)[];
}

export class SourceNode implements NodeContext {
  readonly b: GraphBuilder;
  readonly name: string;
  readonly source: string;
  readonly config: Config;
  readonly inputs: readonly (ValueId | null)[];
  readonly opset: number = 0;
  readonly #place: Place;

  constructor(b: GraphBuilder, call: NodeCall, place: Place) {
    this.b = b;
    this.name = call.name;
    this.source = call.source;
    this.config = call.config;
    this.inputs = call.inputs;
    this.#place = place;
  }

  input(i: number): ValueId {
    const id = this.inputs[i] ?? null;
    if (id === null) throw badGraph(`input ${i} is missing; the node has ${this.inputs.length}`, this.#place);
    return id;
  }

  constant(i: number): Tensor {
    return this.b.constantOf(this.input(i)) ?? this.unsupported(`input ${i} computed at run time`);
  }

  node(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): readonly ValueId[] {
    return this.b.node(kind, inputs, attrs, { name: this.name, source: this.source });
  }

  one(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.node(kind, inputs, attrs)[0];
  }

  unsupported(reason: string, hint?: string): never {
    throw unsupported(reason, this.#place, hint);
  }

  malformed(reason: string): never {
    throw badFormat(reason, this.#place);
  }
}
