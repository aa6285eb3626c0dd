/**
 * Two versions of a network side by side over the calibration samples: the dense one, and the pruned one whose weights change
 * while the walk goes. Where both still agree, they share their tensors.
 *
 * Between stops the values that are live at one position of the node order are held for all samples; a stop runs each batch
 * from there on. The position moves on where what is live fits into memory, and stays where it would not, so that wide layers
 * are run again rather than held:
 *
 *     nodes   0 … p … q … s        held at p, stopping at s:  run p … s batch by batch,
 *                 ▲   ▲            and hold at q, the last position up to s that fits
 */
import { setImmediate } from 'node:timers/promises';
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { sizeOf } from '../ir/tensor.ts';
import type { TfTensor } from '../ops/define.ts';
import type { Part } from './data.ts';
import { type Constants, type TfGraph, tfGraph } from './graph-tf.ts';
import type { Tf } from './train/backend.ts';

/** One network at a node. Tensors belong to the walk, which disposes of them when the next batch is asked for. */
export interface Side {
  readonly inputs: readonly (TfTensor | null)[];
  /** Empty unless the walk was asked for them. */
  readonly outputs: readonly TfTensor[];
}

export interface Batch {
  readonly samples: number;
  readonly dense: Side;
  /** With the constants that `changed` has; of the same tensors where nothing differs. */
  readonly pruned: Side;
}

export interface Stop {
  readonly node: Node;
  /** False while both networks see the same. */
  readonly diverged: boolean;
  /** All of them together. */
  readonly samples: number;
  /** To be gone through to the end. */
  batches(): Iterable<Batch>;
}

export interface Walk {
  /** Nodes to stop at. */
  readonly at: (node: Node) => boolean;
  /** What the node makes is wanted too. */
  readonly outputs?: boolean;
  readonly memory?: Memory;
  /** May change the node's constants in `changed`, which is what the pruned side runs with from there on. */
  readonly visit: (stop: Stop) => void;
}

/** Bytes of both networks' values. */
export interface Memory {
  /** Held between stops. */
  readonly held: number;
  /** Of one batch at its widest. */
  readonly inFlight: number;
}

const usual: Memory = { held: 400e6, inFlight: 160e6 };
const mostSamples = 64;

/** Visits the wanted nodes in order. */
export async function walk(
  tf: Tf,
  graph: Graph,
  part: Part,
  changed: Map<ValueId, Float32Array>,
  { at, outputs = false, memory = usual, visit }: Walk,
): Promise<void> {
  const dense = tfGraph(tf, graph);
  const pruned = tfGraph(tf, graph, changed);
  const lives = new Lives(graph, dense);
  const size = Math.max(1, Math.min(mostSamples, dense.batch, Math.floor(memory.inFlight / lives.most)));
  const starts = Array.from({ length: Math.ceil(part.n / size) }, (_, i) => i * size);
  let position = 0;
  let envs: readonly (Env | undefined)[] = starts.map(() => undefined);

  const inputsOf = (start: number): Env => {
    const b = Math.min(size, part.n - start);
    const x = part.x.subarray(start * part.width, (start + b) * part.width);
    const made = tf.tidy(() =>
      [...dense.inputs(tf.tensor2d(x, [b, part.width]))].map(([, t]) => tf.clone(t)),
    );
    const env = new Env(tf);
    graph.inputs.forEach((port, i) => void env.dense.set(port.value, tf.keep(made[i])));
    return env;
  };
  const sidesOf = (env: Env, node: Node) => {
    const read = (find: (id: ValueId) => TfTensor | undefined) =>
      node.inputs.map((id) => (id === null ? null : find(id)!));
    const constant = (net: TfGraph, id: ValueId) => net.variables.get(id) ?? net.fixed.get(id);
    return {
      dense: read((id) => env.dense.get(id) ?? constant(dense, id)),
      pruned: read((id) => env.pruned.get(id) ?? env.dense.get(id) ?? constant(pruned, id)),
    };
  };
  const compute = (net: TfGraph, node: Node, inputs: readonly (TfTensor | null)[]) =>
    // A clone is a copy: only of what is handed through.
    tf
      .tidy(() => net.apply(node, inputs).map((t) => (inputs.includes(t) ? tf.clone(t) : t)))
      .map((t) => tf.keep(t));
  const run = (env: Env, node: Node, apart: ReadonlySet<ValueId>) => {
    const inputs = sidesOf(env, node);
    const made = compute(dense, node, inputs.dense);
    const own = apart.has(node.outputs[0]) ? compute(pruned, node, inputs.pruned) : undefined;
    node.outputs.forEach((id, k) => {
      env.dense.set(id, made[k]);
      if (own) env.pruned.set(id, own[k]);
    });
  };

  try {
    for (const [index, node] of dense.nodes.entries()) {
      if (!at(node)) continue;
      await setImmediate();
      const apart = spread(dense.nodes.slice(0, index + 1), changed);
      const batches = function* (): Generator<Batch> {
        const from = position;
        const next = lives.lastWithin(from + 1, index, apart, memory.held / part.n);
        const moved: Env[] = [];
        for (const [i, start] of starts.entries()) {
          const env = envs[i]?.clone() ?? inputsOf(start);
          if (next !== undefined) envs[i]?.dispose();
          for (let p = from; p <= index; p++) {
            env.keepOnly(lives.at(p));
            if (p === next) moved.push(env.clone());
            if (p < index) run(env, dense.nodes[p], apart);
          }
          const inputs = sidesOf(env, node);
          if (outputs) run(env, node, apart);
          const made = (map: ReadonlyMap<ValueId, TfTensor>) =>
            outputs ? node.outputs.map((id) => map.get(id) ?? env.dense.get(id)!) : [];
          yield {
            samples: Math.min(size, part.n - start),
            dense: { inputs: inputs.dense, outputs: made(env.dense) },
            pruned: { inputs: inputs.pruned, outputs: made(env.pruned) },
          };
          env.dispose();
        }
        if (next === undefined) return;
        envs = moved;
        position = next;
      };
      const diverged = node.inputs.some((id) => id !== null && apart.has(id));
      visit({ node, samples: part.n, diverged, batches });
      for (const id of node.inputs) {
        const values = id === null ? undefined : changed.get(id);
        const variable = id === null ? undefined : pruned.variables.get(id);
        if (values && variable) tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    }
  } finally {
    for (const env of envs) env?.dispose();
    dense.dispose();
    pruned.dispose();
  }
}

/** Values of one batch; the pruned network's only where they differ. */
class Env {
  readonly dense = new Map<ValueId, TfTensor>();
  readonly pruned = new Map<ValueId, TfTensor>();
  readonly #tf: Tf;

  constructor(tf: Tf) {
    this.#tf = tf;
  }

  /** Of the same numbers, to be disposed of apart. */
  clone(): Env {
    const copy = new Env(this.#tf);
    for (const side of ['dense', 'pruned'] as const) {
      for (const [id, t] of this[side]) copy[side].set(id, this.#tf.keep(this.#tf.clone(t)));
    }
    return copy;
  }

  keepOnly(ids: ReadonlySet<ValueId>): void {
    for (const side of [this.dense, this.pruned]) {
      for (const [id, t] of side) {
        if (ids.has(id)) continue;
        t.dispose();
        side.delete(id);
      }
    }
  }

  dispose(): void {
    this.keepOnly(new Set());
  }
}

/** Values that nodes from a position on still read. */
class Lives {
  /** Bytes of both networks' values of one sample, at the widest position. */
  readonly most: number;
  readonly #sets: ReadonlySet<ValueId>[] = [];
  readonly #sizes = new Map<ValueId, number>();

  constructor(graph: Graph, { nodes }: TfGraph) {
    const last = new Map<ValueId, number>();
    nodes.forEach((n, i) => {
      for (const id of n.inputs) if (id !== null) last.set(id, i);
    });
    let live = new Set<ValueId>(graph.inputs.map((p) => p.value));
    let most = 1;
    for (let p = 0; p <= nodes.length; p++) {
      live = new Set([...live].filter((id) => (last.get(id) ?? -1) >= p));
      this.#sets.push(live);
      if (p === nodes.length) break;
      const made = nodes[p].outputs;
      for (const id of [...live, ...made]) this.#sizes.set(id, 4 * sizeOf(graph.values.get(id)!.shape));
      live = new Set([...live, ...made]);
      most = Math.max(most, 2 * this.#bytes(live));
    }
    this.most = most;
  }

  at(position: number): ReadonlySet<ValueId> {
    return this.#sets[position];
  }

  /** The last position of from … to at which the values of one sample fit into `bytes`. */
  lastWithin(from: number, to: number, apart: ReadonlySet<ValueId>, bytes: number): number | undefined {
    for (let p = to; p >= from; p--) {
      const twice = [...this.#sets[p]].filter((id) => apart.has(id));
      if (this.#bytes(this.#sets[p]) + this.#bytes(twice) <= bytes) return p;
    }
    return undefined;
  }

  #bytes(ids: Iterable<ValueId>): number {
    let sum = 0;
    for (const id of ids) sum += this.#sizes.get(id) ?? 0;
    return sum;
  }
}

/** What comes out differently where `changed` replaces constants. */
function spread(nodes: readonly Node[], changed: Constants): Set<ValueId> {
  const apart = new Set<ValueId>();
  for (const n of nodes) {
    if (!n.inputs.some((id) => id !== null && (apart.has(id) || changed.has(id)))) continue;
    for (const id of n.outputs) apart.add(id);
  }
  return apart;
}
