/** What the reader of an ONNX operator may ask besides: attributes of all kinds, which outputs are wanted, the opset. */
import type { NodeProto } from 'onnx-buf';
import type { Place } from '../errors.ts';
import type { GraphBuilder, ValueId } from '../ir/graph.ts';
import type { OnnxContext } from '../ops/define.ts';
import { Attributes } from './onnx-attributes.ts';
import type { TensorReader } from './onnx-tensor.ts';
import { SourceNode } from './source-node.ts';

export class OnnxNode extends SourceNode implements OnnxContext {
  declare readonly config: Attributes;
  readonly outputs: readonly string[];
  override readonly opset: number;

  constructor(
    b: GraphBuilder,
    node: NodeProto,
    inputs: readonly (ValueId | null)[],
    tensors: TensorReader,
    opset: number,
    place: Place & { readonly node: string },
  ) {
    const config = new Attributes(node.attribute, tensors, place);
    super(b, { name: place.node, source: node.opType, config, inputs }, place);
    this.outputs = node.output;
    this.opset = opset;
  }
}
