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

type Attr = number | string | readonly number[] | readonly string[];
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
  const node = graph.nodes.flatMap((n, i) => {
    if (n.kind === 'lstm') return lstm(graph, n, name, (c) => void initializer.push(c));
    const spell = spellings[n.kind];
    if (!spell) throw unsupported(`no ONNX spelling for ${n.kind}`, { node: n.name });
    const { type, attrs = {}, extra = [] } = spell(n.attrs as Attrs, n);
    const more = extra.map((data, k) => {
      const id = `n${i}_${k}`;
      initializer.push(constant(id, data, type === 'Clip' ? [] : [data.length]));
      return id;
    });
    return operator(
      type,
      `n${i}`,
      [...n.inputs.map((v) => (v === null ? '' : name(v))), ...more],
      n.outputs.map(name),
      attrs,
    );
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

const operator = (
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attrs: Readonly<Record<string, Attr>> = {},
) =>
  create(NodeProtoSchema, {
    opType,
    name,
    input,
    output,
    attribute: Object.entries(attrs).map(([key, value]) => attribute(key, value)),
  });

/** ONNX has an axis of directions in weights and results, and its gates in the order input, output, forget, cell. */
function lstm(
  graph: Graph,
  n: Node,
  name: (id: number) => string,
  add: (initializer: ReturnType<typeof constant>) => void,
) {
  const a = n.attrs as unknown as { reverse: boolean; activations: readonly { name: string }[] };
  const [x, w, r, bias, ...states] = n.inputs;
  if (states.some((s) => s !== null && s !== undefined))
    throw unsupported('no ONNX spelling for initial states', { node: n.name });
  const id = name(n.outputs[0]);
  const gates = (value: number) => {
    const data = graph.values.get(value)!.data as Float32Array;
    const part = data.length / 4;
    return [0, 3, 1, 2].flatMap((g) => [...data.subarray(g * part, (g + 1) * part)]);
  };
  const weights = (suffix: string, value: number) => {
    add(constant(id + suffix, Float32Array.from(gates(value)), [1, ...graph.values.get(value)!.shape]));
    return id + suffix;
  };
  const inputs = [name(x!), weights('w', w!), weights('r', r!)];
  const hidden = graph.values.get(r!)!.shape[1];
  if (bias !== null && bias !== undefined) {
    // One for what comes in and one for what comes back.
    add(
      constant(`${id}b`, Float32Array.from([...gates(bias), ...new Float32Array(4 * hidden)]), [
        1,
        8 * hidden,
      ]),
    );
    inputs.push(`${id}b`);
  }
  const names = a.activations.map((f) => f.name[0].toUpperCase() + f.name.slice(1));
  const made = [`${id}y`, `${id}h`, `${id}c`];
  const [h, c, y] = n.outputs;
  return [
    operator('LSTM', id, inputs, made, {
      hidden_size: hidden,
      direction: a.reverse ? 'reverse' : 'forward',
      activations: names,
    }),
    ...[y, h, c].flatMap((value, i) => {
      if (value === undefined) return [];
      const shape = BigInt64Array.from(graph.values.get(value)!.shape.map(BigInt));
      add(constant(`${made[i]}s`, shape, [shape.length]));
      return operator('Reshape', `${made[i]}r`, [made[i], `${made[i]}s`], [name(value)]);
    }),
  ];
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
  const texts = value.filter((v) => typeof v === 'string').map((v) => new TextEncoder().encode(v));
  if (texts.length > 0) return create(AttributeProtoSchema, { name, type: type.STRINGS, strings: texts });
  return create(AttributeProtoSchema, {
    name,
    type: type.INTS,
    ints: value.map((v) => BigInt(v)),
  });
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
