/** What the reader of an ONNX operator may ask: attributes, inputs, and new nodes under the node's name. */
import type { NodeProto } from 'onnx-buf';
import { badFormat, badGraph, type Place, unsupported } from '../errors.ts';
import type { Attrs, GraphBuilder, ValueId } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { OnnxContext } from '../ops/define.ts';
import { Attributes } from './onnx-attributes.ts';
import type { TensorReader } from './onnx-tensor.ts';

export class OnnxNode implements OnnxContext {
  readonly b: GraphBuilder;
  readonly name: string;
  readonly source: string;
  readonly config: Attributes;
  readonly inputs: readonly (ValueId | null)[];
  readonly outputs: readonly string[];
  readonly opset: number;
  readonly place: Place;

  constructor(
    b: GraphBuilder,
    node: NodeProto,
    inputs: readonly (ValueId | null)[],
    tensors: TensorReader,
    opset: number,
    place: Place,
  ) {
    this.b = b;
    this.name = place.node!;
    this.source = node.opType;
    this.config = new Attributes(node.attribute, tensors, place);
    this.inputs = inputs;
    this.outputs = node.output;
    this.opset = opset;
    this.place = place;
  }

  input(i: number): ValueId {
    const id = this.inputs[i] ?? null;
    if (id === null) throw badGraph(`input ${i} is missing; the node has ${this.inputs.length}`, this.place);
    return id;
  }

  constant(i: number): Tensor {
    return (
      this.b.constantOf(this.input(i)) ??
      this.unsupported(`input ${i} computed at run time`, 'it must be a constant of the model')
    );
  }

  node(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): readonly ValueId[] {
    return this.b.node(kind, inputs, attrs, { name: this.name, source: this.source });
  }

  one(kind: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.node(kind, inputs, attrs)[0];
  }

  unsupported(reason: string, hint?: string): never {
    throw unsupported(reason, this.place, hint);
  }

  malformed(reason: string): never {
    throw badFormat(reason, this.place);
  }
}
