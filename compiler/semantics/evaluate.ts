/** The meaning of a graph: operators' own references, one node after the other. */
import { assert, badInput, CompileError, type Place } from '../errors.ts';
import type { Attrs, Graph, Semantics, Value } from '../ir/graph.ts';
import { sameShape, type Tensor, type TensorType } from '../ir/tensor.ts';
import type { Op } from '../ops/define.ts';
import { ops } from '../ops/index.ts';

export function opOf(kind: string): Op {
  const op = ops.get(kind);
  assert(op, `no operator ${kind}`);
  return op;
}

/** How the graph builder types and folds nodes. */
export const semantics: Semantics = {
  infer(kind: string, inputs: readonly (Value | null)[], attrs: Attrs, place: Place): TensorType[] {
    const op = opOf(kind);
    const [min, max] = op.arity;
    if (inputs.length < min || inputs.length > max || inputs.slice(0, min).some((v) => v === null)) {
      throw new CompileError('E_GRAPH', `${inputs.length} inputs, but ${kind} takes ${min} to ${max}`, place);
    }
    try {
      return op.infer(inputs, attrs, place);
    } catch (error) {
      throw error instanceof CompileError ? error.at(place) : error;
    }
  },
  evaluate: (kind, inputs, attrs) => opOf(kind).eval(inputs, attrs),
};

/**
 * Runs the graph on row-major inputs, by name. Slow and obvious: this is what compiled modules are checked against.
 * `watch` sees every node's outputs.
 */
export function evaluateGraph(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  watch?: (name: string, outputs: readonly Tensor[]) => void,
): Record<string, Tensor> {
  const env = new Map<number, Tensor>();
  for (const v of graph.values.values()) {
    if (v.data) env.set(v.id, { dtype: v.dtype, shape: v.shape, data: v.data });
  }
  for (const port of graph.inputs) {
    const v = graph.values.get(port.value)!;
    const t = inputs[port.name];
    if (!t || !sameShape(t.shape, v.shape) || t.dtype !== v.dtype) {
      throw badInput(`input ${JSON.stringify(port.name)} must be ${v.dtype} [${v.shape}]`);
    }
    env.set(port.value, t);
  }
  for (const n of graph.nodes) {
    const outputs = opOf(n.kind).eval(
      n.inputs.map((i) => (i === null ? null : env.get(i)!)),
      n.attrs,
    );
    n.outputs.forEach((id, i) => void env.set(id, outputs[i]));
    watch?.(n.name, outputs);
  }
  return Object.fromEntries(graph.outputs.map((p) => [p.name, env.get(p.value)!]));
}
