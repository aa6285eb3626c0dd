/** ONNX models in ONNX Runtime, where the user has it: on one thread, on the web build unless the native one is asked for. */
import { join } from 'node:path';
import type { ValueInfoProto } from 'onnx-buf';
import { parseOnnx } from '../import/onnx-proto.ts';
import { writeFiles } from '../import/write-files.ts';
import { portsOf } from '../ir/graph.ts';
import { allocate, sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import type { Source } from '../model.ts';
import { withTemporary } from '../output.ts';
import type { Sample } from '../samples.ts';
import { findPeer, type Peer } from './peer.ts';
import { otherRuntime, type ReferenceMaker } from './reference.ts';

export const ortNames = ['onnxruntime-web', 'onnxruntime-node'] as const;
export type OrtName = (typeof ortNames)[number];

export interface OrtTensor {
  readonly data: ArrayLike<number | bigint>;
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

export interface Ort {
  readonly env: { readonly wasm: Record<string, unknown>; logLevel: string };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<OrtSession> };
}

/** A session on one thread. */
export function ortSession(name: OrtName, ort: Ort, model: Uint8Array | string): Promise<OrtSession> {
  if (name === 'onnxruntime-web') ort.env.wasm.numThreads = 1;
  return ort.InferenceSession.create(model, {
    executionProviders: [name === 'onnxruntime-web' ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}

/** ONNX element types as ONNX Runtime names them, and the arrays that it takes for them. */
const elementTypes: Readonly<Record<number, readonly [string, (data: TensorData) => unknown]>> = {
  1: ['float32', (d) => Float32Array.from(d)],
  2: ['uint8', (d) => Uint8Array.from(d)],
  3: ['int8', (d) => Int8Array.from(d)],
  6: ['int32', (d) => Int32Array.from(d)],
  7: ['int64', (d) => BigInt64Array.from(d as ArrayLike<number> as number[], BigInt)],
  9: ['bool', (d) => Uint8Array.from(d)],
  11: ['double', (d) => Float64Array.from(d)],
};

export const onnx: ReferenceMaker = async (source, { backend, peers }) => {
  const names = backend === 'node' ? [...ortNames].reverse() : ortNames;
  const [found] = names.flatMap((name) => {
    const peer = findPeer(name, peers);
    return peer ? [{ name, peer }] : [];
  });
  if (!found) return `${names[0]} is not installed`;
  const { name, peer } = found;
  const ort = peer.load() as Ort;
  const model = parseOnnx(source.files.read(source.files.main), { file: source.files.main });
  const weights = new Set(model.graph!.initializer.map((t) => t.name));
  const feeds: ((inputs: Sample) => readonly [string, OrtTensor])[] = [];
  for (const v of model.graph!.input.filter((v) => !weights.has(v.name))) {
    const type = v.type?.value.case === 'tensorType' ? v.type.value.value.elemType : 0;
    if (!Object.hasOwn(elementTypes, type))
      return `input ${v.name} is of a type that ${name} is not fed here`;
    const [element, convert] = elementTypes[type];
    const fixed = source.fixed?.[v.name];
    const constant = fixed === undefined ? undefined : filled(v, fixed);
    feeds.push((inputs) => {
      const { data, shape } = inputs[v.name] ?? constant!;
      return [v.name, new ort.Tensor(element, convert(data), shape)];
    });
  }
  let session: OrtSession;
  try {
    session = await openSession(source, name, ort);
  } catch (error) {
    return `${name} can't run it (${(error as Error).message.split('\n')[0].slice(0, 160)})`;
  }
  const feed = (inputs: Sample) => Object.fromEntries(feeds.map((f) => f(inputs)));
  return {
    title: name,
    tolerance: otherRuntime,
    runtime: name === 'onnxruntime-web' ? webFiles(peer) : [],
    async run(inputs) {
      const results = await session.run(feed(inputs));
      const { graph } = source;
      const ports = portsOf(graph, graph.outputs).map(({ name, dtype, shape }): [string, Tensor] => {
        const data = allocate(dtype, sizeOf(shape));
        for (let i = 0; i < data.length; i++) data[i] = Number(results[name].data[i]);
        return [name, { dtype, shape, data }];
      });
      return Object.fromEntries(ports);
    },
    prepare(inputs) {
      const fed = feed(inputs);
      return async () => void (await session.run(fed));
    },
    memory: () => undefined,
    dispose: () => void session.release(),
  };
};

/** Data outside the model file is found beside it. */
function openSession({ files }: Source, name: OrtName, ort: Ort): Promise<OrtSession> {
  if (files.used.length < 2) return ortSession(name, ort, files.read(files.main));
  return withTemporary(async (folder) => {
    writeFiles(folder, new Map(files.used.map(({ path }) => [path, files.read(path)])));
    return ortSession(name, ort, join(folder, files.main));
  });
}

/** An input that became a constant: of the shape that the file gives it, one where that is open. */
function filled({ type }: ValueInfoProto, value: number): { data: TensorData; shape: readonly number[] } {
  const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  const shape = dims.map((d) => (d.value.case === 'dimValue' ? Number(d.value.value) : 1));
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}

const webFiles = ({ folder }: Peer) =>
  ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map((f) =>
    join(folder, 'dist', f),
  );
