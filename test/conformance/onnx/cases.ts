/** Cases of the ONNX backend tests: a model, inputs and the outputs that a reference computed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { type TensorProto, TensorProtoSchema, type ValueInfoProto } from 'onnx-buf';
import { CompileError } from '../../../compiler/errors.ts';
import { ModelFiles } from '../../../compiler/import/files.ts';
import { parseOnnx } from '../../../compiler/import/onnx-proto.ts';
import { TensorReader } from '../../../compiler/import/onnx-tensor.ts';
import type { Tensor } from '../../../compiler/ir/tensor.ts';

export const sets = ['node', 'pytorch-converted', 'pytorch-operator', 'simple'] as const;
export type SetName = (typeof sets)[number];

export interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfoProto[];
  readonly given: readonly TensorProto[];
  /** By name. */
  readonly expected: ReadonlyMap<string, Tensor>;
}

const plain = (path: string) => new Uint8Array(readFileSync(path));

/** Throws `CompileError` for what is no tensor of numbers. */
export function readCase(root: string, set: SetName, name: string): Case {
  const folder = join(root, set, name);
  const bytes = plain(join(folder, 'model.onnx'));
  const graph = parseOnnx(bytes, { file: name }).graph!;
  const data = join(folder, 'test_data_set_0');
  const read = (kind: string) =>
    readdirSync(data)
      .filter((f) => f.startsWith(`${kind}_`))
      .sort((a, b) => Number(a.match(/\d+/)) - Number(b.match(/\d+/)))
      .map((f) => fromBinary(TensorProtoSchema, plain(join(data, f))));
  const reader = new TensorReader(ModelFiles.fromMemory({ 'model.onnx': bytes }));
  const weights = new Set(graph.initializer.map((t) => t.name));
  const expected = new Map(
    read('output').map((t, i) => [graph.output[i].name, reader.tensor(t, { file: name, node: 'expected' })]),
  );
  return {
    name,
    bytes,
    inputs: graph.input.filter((v) => !weights.has(v.name)),
    given: read('input'),
    expected,
  };
}

export const caseNames = (root: string, set: SetName) => readdirSync(join(root, set)).sort();

/** onnxruntime's: rtol 1e-3, atol 1e-5; integers exact. Nothing: it agrees. */
export function difference(actual: Tensor, expected: Tensor): string | undefined {
  if (String(actual.shape) !== String(expected.shape))
    return `shape [${actual.shape}], not [${expected.shape}]`;
  if (actual.dtype !== expected.dtype) return `type ${actual.dtype}, not ${expected.dtype}`;
  const float = expected.dtype === 'float32';
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [actual.data[i], expected.data[i]];
    const near = Object.is(a, e) || a === e || (float && Math.abs(a - e) <= 1e-5 + 1e-3 * Math.abs(e));
    if (!near) return `element ${i} is ${a}, not ${e}`;
  }
  return undefined;
}

export const reasonOf = (error: unknown) =>
  error instanceof CompileError
    ? `${error.code} ${error.reason}`
    : `crash: ${(error as Error).stack ?? error}`;
