/** A graph as an ONNX model (opset 17), so that peers run the same network with the same weights. */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { unsupported } from '../compiler/errors.ts';
import type { Graph, Node, Value } from '../compiler/ir/graph.ts';

type Attr = number | string | readonly number[];
interface Spelling {
  readonly type: string;
  readonly attrs?: Readonly<Record<string, Attr>>;
  /** Constants behind the node's own inputs. */
  readonly extra?: readonly (Float32Array | BigInt64Array)[];
}

type Attrs = Record<string, never>;
const pads = (a: Attrs) => {
  const list = a.pads as unknown as [number, number][];
  return [...list.map((p) => p[0]), ...list.map((p) => p[1])];
};
const window = (a: Attrs) => ({
  strides: a.strides as number[],
  dilations: a.dilations as number[],
  pads: pads(a),
});
const same = (type: string) => () => ({ type });

/** What the networks of the benchmark are made of. */
const spellings: Readonly<Record<string, (a: Attrs, n: Node) => Spelling>> = {
  conv: (a) => ({ type: 'Conv', attrs: { ...window(a), group: a.groups as number } }),
  dense: () => ({ type: 'Gemm', attrs: { transB: 1 } }),
  relu: same('Relu'),
  sigmoid: same('Sigmoid'),
  tanh: same('Tanh'),
  add: same('Add'),
  mul: same('Mul'),
  clip: (a) => ({
    type: 'Clip',
    extra: [Float32Array.of(a.min as number), Float32Array.of(a.max as number)],
  }),
  softmax: (a) => ({ type: 'Softmax', attrs: { axis: a.axis as number } }),
  transpose: (a) => ({ type: 'Transpose', attrs: { perm: a.perm as number[] } }),
  reshape: (a) => ({ type: 'Reshape', extra: [BigInt64Array.from((a.shape as number[]).map(BigInt))] }),
  maxPool: (a) => ({ type: 'MaxPool', attrs: { ...window(a), kernel_shape: a.kernel as number[] } }),
  averagePool: (a) => ({
    type: 'AveragePool',
    attrs: { strides: a.strides as number[], pads: pads(a), kernel_shape: a.kernel as number[] },
  }),
  reduceMean: (a) => ({
    type: 'ReduceMean',
    attrs: { axes: a.axes as number[], keepdims: (a.keepDims as unknown as boolean) ? 1 : 0 },
  }),
};

/** @throws {CompileError} E_UNSUPPORTED for an operator that the benchmarks don't use. */
export function toOnnx(graph: Graph): Uint8Array<ArrayBuffer> {
  const name = (id: number) => `v${id}`;
  const initializer = [...graph.values.values()].filter((v) => v.data).map((v) => floats(name(v.id), v));
  const node = graph.nodes.map((n, i) => {
    const spell = spellings[n.kind];
    if (!spell) throw unsupported(`no ONNX spelling for ${n.kind}`, { node: n.name });
    const { type, attrs = {}, extra = [] } = spell(n.attrs as Attrs, n);
    const more = extra.map((data, k) => {
      const id = `n${i}_${k}`;
      initializer.push(constant(id, data, type === 'Clip' ? [] : [data.length]));
      return id;
    });
    return create(NodeProtoSchema, {
      opType: type,
      name: `n${i}`,
      input: [...n.inputs.map((v) => (v === null ? '' : name(v))), ...more],
      output: n.outputs.map(name),
      attribute: Object.entries(attrs).map(([key, value]) => attribute(key, value)),
    });
  });
  const port = (p: { value: number }) => info(name(p.value), graph.values.get(p.value)!);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'espalier bench',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
    graph: create(GraphProtoSchema, {
      name: 'network',
      node,
      initializer,
      input: graph.inputs.map(port),
      output: graph.outputs.map(port),
    }),
  });
  return new Uint8Array(toBinary(ModelProtoSchema, model));
}

const floats = (id: string, v: Value) => constant(id, v.data as Float32Array, v.shape);

function constant(name: string, data: Float32Array | BigInt64Array, dims: readonly number[]) {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: data instanceof Float32Array ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  });
}

function attribute(name: string, value: Attr) {
  const type = AttributeProto_AttributeType;
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value) });
  }
  return create(AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) });
}

function info(name: string, v: Value) {
  const dim = v.shape.map((d) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(d) } }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}
