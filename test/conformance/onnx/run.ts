/** Reads a case, with as few inputs as constants as it takes, and runs it. */
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { CompileError } from '../../../compiler/errors.ts';
import { ModelFiles } from '../../../compiler/import/files.ts';
import { readModel } from '../../../compiler/import/index.ts';
import { parseOnnx } from '../../../compiler/import/onnx-proto.ts';
import { TensorReader } from '../../../compiler/import/onnx-tensor.ts';
import type { Graph } from '../../../compiler/ir/graph.ts';
import type { Tensor } from '../../../compiler/ir/tensor.ts';
import { simplify } from '../../../compiler/passes/index.ts';
import { evaluateGraph } from '../../../compiler/semantics/evaluate.ts';
import { type Case, difference } from './cases.ts';

export interface Prepared {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** How many inputs became constants. */
  readonly bound: number;
}

/**
 * Node cases give weights, shapes and axes as inputs of the model, which real models hold as initializers. All inputs stay
 * inputs where that compiles; else all but the first become initializers, those of whole numbers before others; else all.
 */
export async function prepare(c: Case): Promise<Prepared> {
  const integers = c.given.flatMap((t, i) => (i > 0 && t.dataType !== 1 ? [i] : []));
  const rest = c.given.flatMap((_, i) => (i > 0 ? [i] : []));
  const all = c.given.map((_, i) => i);
  let first: unknown;
  for (const bound of [[], integers, rest, all]) {
    try {
      return await read(c, bound);
    } catch (error) {
      first ??= error;
      if (!(error instanceof CompileError)) throw error;
    }
  }
  throw first;
}

async function read(c: Case, bound: readonly number[]): Promise<Prepared> {
  const model = parseOnnx(c.bytes, { file: c.name });
  const named = (t: TensorProto, i: number) => create(TensorProtoSchema, { ...t, name: c.inputs[i].name });
  for (const i of bound) model.graph!.initializer.push(named(c.given[i], i));
  const bytes = toBinary(ModelProtoSchema, model);
  const reader = new TensorReader(ModelFiles.fromMemory({ 'model.onnx': bytes }));
  const tensors = c.given.map((t, i) => reader.tensor(t, { file: c.name, node: c.inputs[i].name }));
  const shapes = Object.fromEntries(c.inputs.map((v, i) => [v.name, tensors[i]?.shape]).filter(([, s]) => s));
  const { graph } = await readModel({ 'model.onnx': bytes }, { shapes, allowNonfinite: true });
  const inputs = Object.fromEntries(
    graph.inputs.map((p) => [p.name, tensors[c.inputs.findIndex((v) => v.name === p.name)]]),
  );
  return { graph: simplify(graph), inputs, bound: bound.length };
}

export function compare(outputs: Readonly<Record<string, Tensor>>, c: Case): string | undefined {
  for (const [name, expected] of c.expected) {
    const bad = difference(outputs[name], expected);
    if (bad) return `${name}: ${bad}`;
  }
  return undefined;
}

export const evaluate = (p: Prepared, c: Case) => compare(evaluateGraph(p.graph, p.inputs), c);
