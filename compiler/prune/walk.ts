/**
 * Two versions of a network side by side, node by node, over all calibration samples at once: the dense one, and the pruned one
 * whose weights change while the walk goes. Where both still agree, they share their tensors.
 */
import { setImmediate } from 'node:timers/promises';
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import type { TfTensor } from '../ops/define.ts';
import type { Part } from './data.ts';
import { type Constants, tfGraph } from './graph-tf.ts';
import type { Tf } from './train/backend.ts';

/** One batch at a node: its inputs and, afterwards, outputs. Tensors belong to the walk. */
export interface Side {
  readonly inputs: readonly (TfTensor | null)[];
  readonly outputs: readonly TfTensor[];
}

export interface Stop {
  readonly node: Node;
  /** Samples of each batch. */
  readonly sizes: readonly number[];
  readonly dense: readonly Side[];
  /** With the constants that `changed` had when the walk reached the node; of the same tensors where nothing differs. */
  readonly pruned: readonly Side[];
  /** False while both networks see the same. */
  readonly diverged: boolean;
}

const batchSize = 64;

/**
 * Visits the nodes in order. `before` sees the inputs of a node (outputs are empty) and may change its constants in
 * `changed`, which is what the pruned side then runs with; `after` sees the outputs, and may change them again, upon which
 * the pruned side runs anew.
 */
export async function walk(
  tf: Tf,
  graph: Graph,
  part: Part,
  changed: Map<ValueId, Float32Array>,
  visit: {
    readonly before?: (stop: Stop) => void;
    readonly after?: (stop: Stop) => void;
  },
): Promise<void> {
  const dense = tfGraph(tf, graph);
  const pruned = tfGraph(tf, graph, changed);
  const step = Math.min(batchSize, dense.batch);
  const sizes: number[] = [];
  for (let at = 0; at < part.n; at += step) sizes.push(Math.min(step, part.n - at));
  const envs = sizes.map((b, i) => {
    const from = i * step * part.width;
    const x = tf.tensor2d(part.x.subarray(from, from + b * part.width), [b, part.width]);
    const inputs = tf.tidy(() => [...dense.inputs(x)].map(([id, t]) => [id, tf.clone(t)] as const));
    x.dispose();
    return { dense: new Map<ValueId, TfTensor>(inputs), pruned: new Map<ValueId, TfTensor>() };
  });
  const apart = new Set<ValueId>();
  const lastUse = lastUses(dense.nodes);

  const constant = (net: typeof dense, id: ValueId) => net.variables.get(id) ?? net.fixed.get(id);
  const readDense = (env: (typeof envs)[number]) => (id: ValueId | null) =>
    id === null ? null : (env.dense.get(id) ?? constant(dense, id)!);
  const readPruned = (env: (typeof envs)[number]) => (id: ValueId | null) =>
    id === null ? null : (env.pruned.get(id) ?? env.dense.get(id) ?? constant(pruned, id)!);
  const compute = (net: typeof dense, node: Node, inputs: readonly (TfTensor | null)[]) =>
    tf.tidy(() => net.apply(node, inputs).map((t) => tf.clone(t)));

  try {
    for (const [index, node] of dense.nodes.entries()) {
      await setImmediate();
      const inputs = envs.map((e) => ({
        dense: node.inputs.map(readDense(e)),
        pruned: node.inputs.map(readPruned(e)),
      }));
      const apartIn = node.inputs.some((id) => id !== null && apart.has(id));
      const side = (which: 'dense' | 'pruned', outputs: readonly (readonly TfTensor[])[]): Side[] =>
        inputs.map((x, i) => ({ inputs: x[which], outputs: outputs[i] ?? [] }));
      visit.before?.({
        node,
        sizes,
        dense: side('dense', []),
        pruned: side('pruned', []),
        diverged: apartIn,
      });

      const denseOut = inputs.map((x) => compute(dense, node, x.dense));
      const runPruned = () => {
        for (const id of node.inputs) {
          const values = id === null ? undefined : changed.get(id);
          const variable = id === null ? undefined : pruned.variables.get(id);
          if (values && variable) tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
        }
        const differs = apartIn || node.inputs.some((id) => id !== null && changed.has(id));
        return differs ? inputs.map((x) => compute(pruned, node, x.pruned)) : undefined;
      };
      let prunedOut = runPruned();
      if (visit.after && prunedOut) {
        const before = versions(node, changed);
        visit.after({
          node,
          sizes,
          dense: side('dense', denseOut),
          pruned: side('pruned', prunedOut),
          diverged: true,
        });
        if (versions(node, changed).some((v, i) => v !== before[i])) {
          tf.dispose(prunedOut.flat());
          prunedOut = runPruned();
        }
      }
      envs.forEach((env, i) => {
        node.outputs.forEach((id, k) => {
          env.dense.set(id, denseOut[i][k]);
          if (prunedOut) env.pruned.set(id, prunedOut[i][k]);
        });
        for (const id of [...node.inputs, ...node.outputs]) {
          if (id === null || (lastUse.get(id) ?? -1) > index) continue;
          for (const side of [env.dense, env.pruned]) {
            side.get(id)?.dispose();
            side.delete(id);
          }
        }
      });
      if (prunedOut) for (const id of node.outputs) apart.add(id);
    }
  } finally {
    for (const env of envs) tf.dispose([...env.dense.values(), ...env.pruned.values()]);
    dense.dispose();
    pruned.dispose();
  }
}

const versions = (node: Node, changed: Constants) =>
  node.inputs.map((id) => (id === null ? undefined : changed.get(id)));

function lastUses(nodes: readonly Node[]): Map<ValueId, number> {
  const out = new Map<ValueId, number>();
  nodes.forEach((n, i) => {
    for (const id of n.inputs) if (id !== null) out.set(id, i);
  });
  return out;
}
