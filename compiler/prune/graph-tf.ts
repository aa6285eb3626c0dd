/** A graph as a differentiable function in TensorFlow.js: every operator's own `tf`, constants that are variables. */
import { unsupported } from '../errors.ts';
import { type Graph, Links, type Node, type ValueId } from '../ir/graph.ts';
import type { TfTensor } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';
import type { Tf } from './train/backend.ts';

type Variable = import('@tensorflow/tfjs').Variable;

/** What training changes, and how the network answers. */
export interface Trainable {
  /** By constant. */
  readonly variables: ReadonlyMap<ValueId, Variable>;
  /** [b, …input] → logits [b, classes] (or the one output, flattened). */
  forward(x: TfTensor): TfTensor;
  dispose(): void;
}

/**
 * The output before a final softmax: what losses want.
 *
 * @throws {CompileError} E_UNSUPPORTED for a graph with several inputs or outputs, or an operator without a gradient.
 */
export function trainable(tf: Tf, graph: Graph): Trainable {
  if (graph.inputs.length !== 1 || graph.outputs.length !== 1) {
    throw unsupported('fine-tuning takes models with one input and one output');
  }
  for (const n of graph.nodes) {
    if (!opOf(n.kind).tf)
      throw unsupported(`fine-tuning can't run ${n.kind}`, { node: n.name, op: n.source });
  }
  const links = new Links(graph);
  const last = links.producer(graph.outputs[0].value);
  const target = last?.kind === 'softmax' ? last.inputs[0]! : graph.outputs[0].value;
  const needed = nodesFor(graph, target);

  const variables = new Map<ValueId, Variable>();
  const fixed = new Map<ValueId, TfTensor>();
  for (const v of graph.values.values()) {
    if (!v.data) continue;
    const t = tf.tensor(v.data as Float32Array, [...v.shape], v.dtype === 'float32' ? 'float32' : 'int32');
    // Scalars and index tables are structure, not parameters.
    if (v.dtype !== 'float32' || v.data.length < 2) fixed.set(v.id, tf.keep(t));
    else {
      variables.set(v.id, tf.variable(t));
      t.dispose();
    }
  }
  return {
    variables,
    forward(x) {
      const env = new Map<ValueId, TfTensor>([...fixed, ...variables]);
      env.set(graph.inputs[0].value, x);
      run(tf, needed, env);
      const y = env.get(target)!;
      return tf.reshape(y, [x.shape[0], -1]);
    },
    dispose() {
      for (const t of [...fixed.values(), ...variables.values()]) t.dispose();
    },
  };
}

/** Runs nodes in order; `env` holds what they read and receives what they make. */
export function run(
  tf: Tf,
  nodes: readonly Node[],
  env: Map<ValueId, TfTensor>,
  watch?: (node: Node, inputs: readonly (TfTensor | null)[]) => void,
): void {
  for (const n of nodes) {
    const inputs = n.inputs.map((i) => (i === null ? null : env.get(i)!));
    watch?.(n, inputs);
    const outputs = opOf(n.kind).tf!(tf, inputs, n.attrs);
    n.outputs.forEach((id, i) => void env.set(id, outputs[i]));
  }
}

/** The nodes that `target` needs, in order. */
export function nodesFor(graph: Graph, target: ValueId): Node[] {
  const live = new Set<ValueId>([target]);
  const out: Node[] = [];
  for (const n of [...graph.nodes].reverse()) {
    if (!n.outputs.some((o) => live.has(o))) continue;
    out.push(n);
    for (const i of n.inputs) if (i !== null) live.add(i);
  }
  return out.reverse();
}
