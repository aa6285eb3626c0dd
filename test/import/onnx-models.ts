/** ONNX models built in tests. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

type Attribute =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { t: TensorProto }
  | { g: GraphProto };

export const big = (list: readonly number[]) => list.map((n) => BigInt(n));

function attribute(name: string, v: Attribute): AttributeProto {
  if (typeof v === 'number') return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(v) });
  if (typeof v === 'string')
    return create(AttributeProtoSchema, { name, type: Type.STRING, s: new TextEncoder().encode(v) });
  if ('float' in v) return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: v.float });
  if ('t' in v) return create(AttributeProtoSchema, { name, type: Type.TENSOR, t: v.t });
  if ('g' in v) return create(AttributeProtoSchema, { name, type: Type.GRAPH, g: v.g });
  return create(AttributeProtoSchema, { name, type: Type.INTS, ints: big(v) });
}

export const node = (
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, Attribute> = {},
): NodeProto =>
  create(NodeProtoSchema, {
    opType,
    input,
    output,
    name: `${opType}_${output[0]}`,
    attribute: Object.entries(attributes).map(([k, v]) => attribute(k, v)),
  });

export const floats = (name: string, dims: readonly number[], list: readonly number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: big(dims),
    dataType: 1,
    rawData: new Uint8Array(Float32Array.from(list).buffer),
  });

export const ints = (name: string, list: readonly (number | bigint)[], dims = [list.length]): TensorProto =>
  create(TensorProtoSchema, { name, dims: big(dims), dataType: 7, int64Data: list.map(BigInt) });

/** A float vector whose bytes lie in another file. */
export const external = (name: string, length: number, entries: Record<string, string>): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: big([length]),
    dataType: 1,
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });

/** A dimension is a size, or a symbol. */
export const port = (name: string, dims: readonly (number | string)[], elemType = 1): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: dims.map((d) => ({
              value:
                typeof d === 'number'
                  ? ({ case: 'dimValue', value: BigInt(d) } as const)
                  : ({ case: 'dimParam', value: d } as const),
            })),
          },
        },
      },
    },
  });

interface Parts {
  readonly nodes: NodeProto[];
  readonly inputs?: ValueInfoProto[];
  readonly outputs?: string[];
  readonly initializers?: TensorProto[];
}

export const graph = ({ nodes, inputs = [], outputs = ['y'], initializers = [] }: Parts): GraphProto =>
  create(GraphProtoSchema, {
    name: 'g',
    node: nodes,
    input: inputs,
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
    initializer: initializers,
  });

export const model = (g: GraphProto, opset = 17): ModelProto =>
  create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    graph: g,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
  });

export type Files = Record<string, Uint8Array>;
export const files = (m: ModelProto): Files => ({ 'model.onnx': toBinary(ModelProtoSchema, m) });
