/**
 * Removes channels that nothing depends on from every shape they appear in: across element-wise operators, pools,
 * concatenations, residual sums, depthwise convolutions and flattening.
 *
 *     y = conv(x, W, b), W[r] = 0, b[r] = 0   ->  y without channel r, and what reads it without column r
 *     …, b[r] ≠ 0                             ->  the same; its number after the activation joins the readers' biases
 *     all readers' columns r are zero         ->  the same
 *
 * Assumes that pruned weights have been written back: constants that shrink lose their origin. Must not fire where a class of
 * channels (`channelClasses`) holds an input or output of the model, or where a reader with padding sees a number that isn't
 * zero: there the padding makes a difference. Every axis keeps one channel at least.
 */
import { assert } from '../errors.ts';
import { type Graph, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import { normalizeAxis, type Tensor } from '../ir/tensor.ts';
import { opOf, semantics } from '../semantics/evaluate.ts';
import { type ChannelClasses, channelClasses } from './channels.ts';
import { columnSums, type Known, knownChannels, pick } from './known-channels.ts';

/** What became of channels that nothing depends on. */
export interface ChannelReport {
  /** Output channels (rows of weights) of each layer that lost some. */
  readonly removed: readonly { readonly layer: string; readonly before: number; readonly after: number }[];
  /** Rows of zeros that stay, by layer and reason. */
  readonly kept: readonly { readonly layer: string; readonly channels: number; readonly reason: string }[];
  /** What the channels that went took: constants, and multiply-accumulates of one run of the dense graph. */
  readonly saved: { readonly weights: Share; readonly macs: Share };
}

interface Share {
  readonly before: number;
  readonly after: number;
}

const none: Share = { before: 0, after: 0 };
export const noChannels: ChannelReport = { removed: [], kept: [], saved: { weights: none, macs: none } };

export interface WithoutDeadChannels extends ChannelReport {
  readonly graph: Graph;
}

/** Throws nothing; the graph's inputs and outputs keep their shapes. */
export function removeDeadChannels(graph: Graph): WithoutDeadChannels {
  const rows = (g: Graph) =>
    new Map(weighted(g).map((n) => [n.name, g.values.get(n.inputs[roleOf(n).weights]!)!.shape[0]]));
  const before = rows(graph);
  let at = graph;
  for (;;) {
    const { next, kept } = removeOnce(at);
    if (next) {
      at = next;
      continue;
    }
    const after = rows(at);
    const removed = [...before].flatMap(([layer, n]) => {
      const left = after.get(layer) ?? n;
      return left < n ? [{ layer, before: n, after: left }] : [];
    });
    return { graph: at, removed, kept, saved: savedOf(graph, at) };
  }
}

function savedOf(before: Graph, after: Graph): ChannelReport['saved'] {
  const weights = (g: Graph) => [...g.values.values()].reduce((n, v) => n + (v.data?.length ?? 0), 0);
  const macs = (g: Graph) =>
    g.nodes.reduce((n, { kind, inputs, outputs, attrs }) => {
      const values = inputs.map((id) => (id === null ? null : g.values.get(id)!));
      return (
        n +
        (opOf(kind).macs?.(
          values,
          outputs.map((id) => g.values.get(id)!),
          attrs as never,
        ) ?? 0)
      );
    }, 0);
  const share = (of: (g: Graph) => number): Share => ({ before: of(before), after: of(after) });
  return { weights: share(weights), macs: share(macs) };
}

const roleOf = (node: Node) => opOf(node.kind).linear!;
const weighted = (graph: Graph) =>
  graph.nodes.filter((n) => opOf(n.kind).linear && graph.values.get(n.inputs[roleOf(n).weights]!)!.data);

function removeOnce(graph: Graph): { next?: Graph; kept: ChannelReport['kept'] } {
  const classes = channelClasses(graph);
  const known = knownChannels(graph);
  const blocked = new Map<number, string>();
  const dead = new Set<number>();
  for (const group of classes.groups) {
    const reason = classes.pinned(group) ?? neededBy(graph, classes, known, group);
    if (reason === undefined) dead.add(group);
    else blocked.set(group, reason);
  }
  spareLast(graph, classes, dead, blocked);
  if (dead.size > 0) {
    const next = without(graph, classes, known, dead);
    if (next) return { next, kept: [] };
  }
  return { kept: zeroRows(graph, classes, blocked) };
}

/** The reader whose result would change, if there is one. */
function neededBy(
  graph: Graph,
  classes: ChannelClasses,
  known: ReadonlyMap<ValueId, Known>,
  group: number,
): string | undefined {
  for (const { node, index } of classes.contractions(group)) {
    const value = valueAt(graph, known, node, index);
    if (value === 0) continue;
    const rows = graph.values.get(node.inputs[roleOf(node).weights]!)!.shape[0];
    const columnSum = columnSums(graph, node);
    for (let r = 0; r < rows; r++) {
      if (columnSum(r, index, value) !== undefined) continue;
      return Number.isNaN(value)
        ? `${node.name} (${node.source}) reads them, and they are not constant there`
        : `${node.name} (${node.source}) reads the constant ${value} there, with padding around it`;
    }
  }
  return undefined;
}

/** What a linear node reads in a channel of its input, or NaN. */
function valueAt(graph: Graph, known: ReadonlyMap<ValueId, Known>, node: Node, index: number): number {
  const x = graph.values.get(node.inputs[0]!)!;
  const k = known.get(x.id);
  return k?.axis === normalizeAxis(roleOf(node).axis, x.shape.length) ? k.values[index] : Number.NaN;
}

/** Takes classes back until every axis has a channel left. */
function spareLast(
  graph: Graph,
  classes: ChannelClasses,
  dead: Set<number>,
  blocked: Map<number, string>,
): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const v of graph.values.values()) {
      v.shape.forEach((size, axis) => {
        for (let i = 0; i < size; i++) if (!dead.has(classes.classOf(v.id, axis, i))) return;
        if (size === 0) return;
        const spared = classes.classOf(v.id, axis, 0);
        dead.delete(spared);
        blocked.set(spared, 'it is the last channel');
        changed = true;
      });
    }
  }
}

function without(
  graph: Graph,
  classes: ChannelClasses,
  known: ReadonlyMap<ValueId, Known>,
  dead: ReadonlySet<number>,
): Graph | undefined {
  const kept = new Map<ValueId, number[][]>();
  let shrinks = false;
  for (const v of graph.values.values()) {
    const lists = v.shape.map((size, axis) =>
      Array.from({ length: size }, (_, i) => i).filter((i) => !dead.has(classes.classOf(v.id, axis, i))),
    );
    kept.set(v.id, lists);
    shrinks ||= lists.some((list, axis) => list.length < v.shape[axis]);
  }
  if (!shrinks) return undefined;
  const cut = (id: ValueId) => {
    const v = graph.values.get(id)!;
    return pick(v as Tensor, kept.get(id)!);
  };
  const shrunk = (id: ValueId) =>
    kept.get(id)!.some((list, d) => list.length < graph.values.get(id)!.shape[d]);
  return rewrite(
    graph,
    semantics,
    (node, b, get) => {
      const op = opOf(node.kind);
      const keptOf = (t: number, axis: number) =>
        kept.get(t < 0 ? node.outputs[-1 - t] : node.inputs[t]!)![axis];
      const touched = [...node.inputs, ...node.outputs].some((id) => id !== null && shrunk(id));
      if (!touched) return undefined;
      const inputs: (ValueId | null)[] = node.inputs.map((id) => (id === null ? null : get(id)));
      const bias = op.linear && foldedBias(graph, known, node, kept);
      if (bias) {
        while (inputs.length <= op.linear!.bias) inputs.push(null);
        inputs[op.linear!.bias] = b.constant(bias, `${node.name}/bias`);
      }
      const attrs = op.shrink?.(node.attrs, keptOf) ?? node.attrs;
      const made = b.node(node.kind, inputs, attrs, { name: node.name, source: node.source });
      made.forEach((id, i) => {
        const want = kept.get(node.outputs[i])!.map((list) => list.length);
        assert(
          String(b.shape(id)) === String(want),
          `${node.kind} shrinks to [${b.shape(id)}], not [${want}]`,
        );
      });
      return made;
    },
    (v) => (shrunk(v.id) ? cut(v.id) : undefined),
  );
}

/** The bias of the rows that stay, plus what the columns that go contribute; `undefined` where that is nothing. */
function foldedBias(
  graph: Graph,
  known: ReadonlyMap<ValueId, Known>,
  node: Node,
  kept: ReadonlyMap<ValueId, readonly (readonly number[])[]>,
): Tensor | undefined {
  const role = roleOf(node);
  const weights = node.inputs[role.weights]!;
  const columns = new Set(kept.get(weights)![1]);
  const total = graph.values.get(weights)!.shape[1];
  const gone = Array.from({ length: total }, (_, c) => c).filter((c) => !columns.has(c));
  const values = gone.map((c) => valueAt(graph, known, node, c));
  if (values.every((v) => !(v !== 0) || Number.isNaN(v))) return undefined;
  const id = node.inputs[role.bias] ?? null;
  const bias = id === null ? undefined : graph.values.get(id)!.data!;
  const columnSum = columnSums(graph, node);
  const data = Float32Array.from(kept.get(weights)![0], (r) =>
    gone.reduce((sum, c, k) => sum + columnSum(r, c, values[k])!, bias ? bias[r] : 0),
  );
  return { dtype: 'float32', shape: [data.length], data };
}

/** Rows of zeros and why they stay. */
function zeroRows(
  graph: Graph,
  classes: ChannelClasses,
  blocked: ReadonlyMap<number, string>,
): ChannelReport['kept'] {
  const found = new Map<string, { layer: string; channels: number; reason: string }>();
  for (const node of weighted(graph)) {
    const w = graph.values.get(node.inputs[roleOf(node).weights]!)!;
    const per = w.data!.length / w.shape[0];
    for (let r = 0; r < w.shape[0]; r++) {
      if (w.data!.subarray(r * per, (r + 1) * per).some((v) => v !== 0)) continue;
      const reason = blocked.get(classes.classOf(w.id, 0, r)) ?? '';
      const key = `${node.name}\0${reason}`;
      const entry = found.get(key) ?? { layer: node.name, channels: 0, reason };
      found.set(key, { ...entry, channels: entry.channels + 1 });
    }
  }
  return [...found.values()];
}
