/** A graph as a differentiable function in TensorFlow.js: every operator's own `tf`, constants that are variables. */
import { unsupported } from '../errors.ts';
import { type Graph, Links, type Node, type ValueId } from '../ir/graph.ts';
import { sizeOf } from '../ir/tensor.ts';
import type { TfTensor } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';
import { Laid, runLaid } from './layout-tf.ts';
import type { Tf } from './train/backend.ts';

type Variable = import('@tensorflow/tfjs').Variable;

/** Values that replace those of a graph's constants. */
export type Constants = ReadonlyMap<ValueId, Float32Array>;

export interface TfGraph {
  /** What training changes, by constant. */
  readonly variables: ReadonlyMap<ValueId, Variable>;
  /** True where answers are logits: a softmax follows them. */
  readonly classifies: boolean;
  /** Samples that may run at once. */
  readonly batch: number;
  /** Of all that the nodes make of one sample, which `forward` holds to its end. */
  readonly sampleBytes: number;
  /** [b, width] (all inputs, flat) → [b, …], all outputs flat, without a final softmax. */
  forward(x: TfTensor): TfTensor;
  /** `forward`, and some of the values on the way to it. `nudges` are added to values. */
  run(
    x: TfTensor,
    wanted: readonly ValueId[],
    nudges?: ReadonlyMap<ValueId, TfTensor>,
  ): { readonly answers: TfTensor; readonly values: TfTensor[] };
  /** Constants that stay. */
  readonly fixed: ReadonlyMap<ValueId, TfTensor>;
  /** The outputs of one node. */
  apply(node: Node, inputs: readonly (TfTensor | null)[]): TfTensor[];
  /** The inputs cut out of [b, width]. */
  inputs(x: TfTensor): Map<ValueId, TfTensor>;
  /** Nodes that the outputs need, without a final softmax, in order. */
  readonly nodes: readonly Node[];
  /** The values that are the answers. */
  readonly targets: readonly ValueId[];
  dispose(): void;
}

/**
 * `changed` replaces constants. Batches are axis 0 of the inputs; models whose axis 0 isn't 1 run sample by sample.
 *
 * @throws {CompileError} E_UNSUPPORTED for an operator without a `tf`.
 */
export function tfGraph(tf: Tf, graph: Graph, changed: Constants = new Map()): TfGraph {
  const links = new Links(graph);
  const targets = graph.outputs.map((p) => {
    const last = links.producer(p.value);
    return last?.kind === 'softmax' ? last.inputs[0]! : p.value;
  });
  const nodes = nodesFor(graph, targets);
  for (const n of nodes) {
    if (!opOf(n.kind).tf)
      throw unsupported(`samples can't be used: ${n.kind} does not run in tfjs`, {
        node: n.name,
        op: n.source,
      });
  }

  const trained = trainable(graph);
  const variables = new Map<ValueId, Variable>();
  const fixed = new Map<ValueId, TfTensor>();
  for (const v of graph.values.values()) {
    if (!v.data) continue;
    const dtype = v.dtype === 'float32' || v.dtype === 'bool' ? v.dtype : 'int32';
    const t = tf.tensor(changed.get(v.id) ?? (v.data as Float32Array), [...v.shape], dtype);
    if (trained.has(v.id)) {
      variables.set(v.id, tf.variable(t));
      t.dispose();
    } else fixed.set(v.id, tf.keep(t));
  }
  const ports = graph.inputs.map((p) => graph.values.get(p.value)!);

  const inputs = (x: TfTensor) => {
    const b = x.shape[0];
    let at = 0;
    return new Map(
      ports.map((p) => {
        const size = sizeOf(p.shape);
        const part = ports.length === 1 ? x : tf.slice(x, [0, at], [b, size]);
        at += size;
        const shape = b === 1 ? [...p.shape] : [b, ...p.shape.slice(1)];
        const shaped = tf.reshape(part, shape);
        return [p.id, p.dtype === 'float32' ? shaped : tf.cast(shaped, 'int32')] as const;
      }),
    );
  };
  const apply = (n: Node, given: readonly (TfTensor | null)[]) => opOf(n.kind).tf!(tf, given, n.attrs);
  const run: TfGraph['run'] = (x, wanted, nudges) => {
    const env = new Map<ValueId, Laid>();
    for (const [id, t] of [...fixed, ...variables, ...inputs(x)]) env.set(id, new Laid(tf, t));
    for (const n of nodes) {
      const given = n.inputs.map((i) => (i === null ? null : env.get(i)!));
      const types = n.inputs.map((i) => (i === null ? null : graph.values.get(i)!));
      const made = runLaid(tf, n, given, types);
      n.outputs.forEach((id, i) => {
        const nudge = nudges?.get(id);
        env.set(id, nudge ? new Laid(tf, tf.add(made[i].plain(), nudge)) : made[i]);
      });
    }
    const flat = targets.map((id) => tf.reshape(env.get(id)!.plain(), [x.shape[0], -1]));
    const answers = flat.length === 1 ? flat[0] : tf.concat(flat, 1);
    return { answers, values: wanted.map((id) => env.get(id)!.plain()) };
  };
  return {
    variables,
    classifies: targets.length === 1 && targets[0] !== graph.outputs[0].value,
    batch: ports.every((p) => p.shape[0] === 1) ? Number.POSITIVE_INFINITY : 1,
    sampleBytes:
      4 * nodes.flatMap((n) => n.outputs).reduce((sum, id) => sum + sizeOf(graph.values.get(id)!.shape), 0),
    inputs,
    fixed,
    apply,
    nodes,
    targets,
    run,
    forward: (x) => run(x, []).answers,
    dispose() {
      for (const t of [...fixed.values(), ...variables.values()]) t.dispose();
    },
  };
}

/** Samples that run at once: `most`, or those of which all that the nodes make fits into `bytes`. */
export const samplesAtOnce = (net: TfGraph, most: number, bytes: number): number =>
  Math.max(1, Math.min(most, net.batch, Math.floor(bytes / net.sampleBytes)));

/** Weights and biases; other constants (scales of inputs, tables, paddings) are structure. */
function trainable(graph: Graph): Set<ValueId> {
  const out = new Set<ValueId>();
  for (const v of graph.values.values()) {
    if (v.data && v.dtype === 'float32' && v.origin) out.add(v.id);
  }
  for (const n of graph.nodes) {
    const op = opOf(n.kind);
    const roles = [
      ...(op.prunable?.(n.attrs) ?? []).map((p) => p.input),
      ...(op.linear ? [op.linear.bias] : []),
    ];
    for (const input of roles) {
      const v = n.inputs[input] == null ? undefined : graph.values.get(n.inputs[input]);
      if (v?.data && v.dtype === 'float32') out.add(v.id);
    }
  }
  return out;
}

/** The nodes that `targets` need, in order. */
export function nodesFor(graph: Graph, targets: readonly ValueId[]): Node[] {
  const live = new Set<ValueId>(targets);
  const out: Node[] = [];
  for (const n of [...graph.nodes].reverse()) {
    if (!n.outputs.some((o) => live.has(o))) continue;
    out.push(n);
    for (const i of n.inputs) if (i !== null) live.add(i);
  }
  return out.reverse();
}

/** The numbers that `f` makes. Not returned through `tidy`, which would look for tensors among them, one by one. */
export function numbers(tf: Tf, f: () => TfTensor): Float32Array {
  const t = tf.tidy(f);
  const values = t.dataSync() as Float32Array;
  t.dispose();
  return values;
}
