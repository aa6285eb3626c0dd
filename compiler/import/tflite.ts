/**
 * TFLite. Quantized values are computed as the numbers that they stand for and rounded to their steps behind every operator;
 * weights that come sparse or in half precision become plain constants that keep their zeros.
 */
import { badFormat, badGraph, UnsupportedError, unsupported, usage } from '../errors.ts';
import { GraphBuilder } from '../ir/graph.ts';
import { sizeOf } from '../ir/tensor.ts';
import { semantics } from '../semantics/evaluate.ts';
import type { ModelFiles } from './files.ts';
import type { Model, Reader, ReadOptions } from './read.ts';
import { Builder, isRead, type LiteFile } from './tflite-build.ts';
import { type LiteGraph, parseGraph, ports } from './tflite-graph.ts';
import { Bytes, type Table } from './tflite-table.ts';
import { bufferBytes, type LiteTensor } from './tflite-tensor.ts';

export default {
  name: 'tflite',
  detect: (files) => !files.main.endsWith('.json') && isLite(files.read(files.main)),
  read: readLite,
} satisfies Reader;

const isLite = (b: Uint8Array) => String.fromCharCode(...b.subarray(4, 8)) === 'TFL3';

export function readLite(files: ModelFiles, options: ReadOptions = {}): Model {
  const place = { file: files.main };
  const bytes = new Bytes(files.read(files.main), place);
  const model = bytes.root();
  if (model.u32(0) !== 3) throw badFormat(`schema version ${model.u32(0)}, not 3`, place);
  const [graph, ...others] = model.tables(2);
  if (!graph) throw badGraph('the model has no graph', place);
  const main = parseGraph(model, graph, place);
  const items = main.operators
    .filter((o) => !isRead(o.builtin))
    .map((o) => unsupported(`operator ${o.builtin}`, o.place));
  if (items.length > 0) throw new UnsupportedError(items, place);
  const signature = model.tables(7).find((s) => s.u32(4) === 0);
  const inputs = ports(main.inputs, main.tensors, signature?.tables(0), place);
  const outputs = ports(main.outputs, main.tensors, signature?.tables(1), place);
  for (const name of Object.keys(options.shapes ?? {})) {
    if (!inputs.some((p) => p.name === name))
      throw usage(`a shape is given for ${JSON.stringify(name)}, which is no input`);
  }
  const buffers = model.tables(4);
  const b = new GraphBuilder(semantics, 'model');
  const parsed = new Map<number, LiteGraph>([[0, main]]);
  const file: LiteFile = {
    options,
    items: [],
    constant: (t) => constantOf(bytes, buffers, t),
    graph(i, at) {
      if (!others[i - 1]) throw badGraph(`there is no graph ${i} to go on with`, at);
      if (!parsed.has(i)) parsed.set(i, parseGraph(model, others[i - 1], place));
      return parsed.get(i)!;
    },
    operators: 0,
  };
  const builder = new Builder(b, main, file);
  for (const p of inputs) builder.input(p);
  builder.run();
  if (file.items.length > 0) throw new UnsupportedError(file.items, place);
  for (const p of outputs) b.output(p.name, builder.output(p.tensor, place));
  return { graph: b.finish(), producer: model.text(3) };
}

/** A tensor without elements needs no buffer. */
const constantOf = (bytes: Bytes, buffers: readonly Table[], t: LiteTensor) =>
  bufferBytes(bytes, buffers, t) ?? (sizeOf(t.shape) === 0 ? new Uint8Array(0) : undefined);
