/** The graphs of a TFLite file: tensors, operators and ports, checked; no operator is known here. */
import { badFormat, badGraph, overLimit, type Place } from '../errors.ts';
import { checkName } from './json.ts';
import { builtins, customCode } from './tflite-schema.ts';
import type { Table } from './tflite-table.ts';
import { type LiteTensor, parseTensor } from './tflite-tensor.ts';

export interface Operator {
  readonly builtin: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
  readonly place: Place;
}

export interface Port {
  readonly name: string;
  readonly tensor: number;
}

export interface LiteGraph {
  readonly tensors: readonly LiteTensor[];
  readonly operators: readonly Operator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Tensors that operators name, all together. */
const maxEdges = 1_000_000;

/** Throws `E_FORMAT`, `E_GRAPH` (tensors that aren't there), `E_NAME`, `E_LIMIT`. */
export function parseGraph(model: Table, graph: Table, place: Place): LiteGraph {
  const tensors = graph.tables(0).map((t, i) => parseTensor(t, i, place));
  return {
    tensors,
    operators: parseOperators(model, graph, tensors, place),
    inputs: graph.i32s(1),
    outputs: graph.i32s(2),
  };
}

function parseOperators(
  model: Table,
  graph: Table,
  tensors: readonly LiteTensor[],
  outer: Place,
): Operator[] {
  const codes = model.tables(1).map((c) => codeName(c, outer));
  let edges = 0;
  return graph.tables(3).map((o) => {
    const builtin = codes[o.u32(0)];
    if (builtin === undefined) throw badFormat(`there is no operator code ${o.u32(0)}`, outer);
    const [inputs, outputs] = [o.i32s(1), o.i32s(2)];
    edges += inputs.length + outputs.length;
    if (edges > maxEdges) throw overLimit('number of edges', edges, maxEdges, outer);
    const node = checkName(tensors[outputs[0]]?.name ?? builtin, outer);
    const place = { ...outer, node, op: builtin };
    for (const i of [...inputs, ...outputs]) {
      if (i < -1 || i >= tensors.length) throw badGraph(`there is no tensor ${i}`, place);
    }
    if (outputs.includes(-1)) throw badGraph('an output is no tensor', place);
    return { builtin, inputs, outputs, options: o.table(4), place };
  });
}

/** Codes past 127 are in a newer field; the old one then holds 127. */
function codeName(c: Table, place: Place): string {
  const code = Math.max(c.i8(0), c.i32(3));
  if (code === customCode) return checkName(`custom ${(c.text(1) ?? '').slice(0, 100)}`, place);
  return builtins[code] ?? `number ${code}`;
}

/** Named by the signature where there is one, else by the tensor. */
export function ports(
  ids: readonly number[],
  tensors: readonly LiteTensor[],
  signature: readonly Table[] | undefined,
  outer: Place,
): Port[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const t = tensors[id];
    if (!t) throw badGraph(`there is no tensor ${id}`, outer);
    const called = signature?.find((s) => s.u32(1) === id)?.text(0) ?? t.name;
    const base = checkName(called.replace(/:0$/, ''), outer);
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return { name, tensor: id };
  });
}
