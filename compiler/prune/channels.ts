/**
 * Whole output channels, across residual connections: channels that can only disappear together (`passes/channels.ts`) are
 * ranked together, and go together.
 *
 *     conv W[r] = 0, b[r] = 0  →  y[r] = 0, through relu and sums  →  column r of the next layer reads nothing: 0 too
 */
import type { Graph, ValueId } from '../ir/graph.ts';
import { normalizeAxis } from '../ir/tensor.ts';
import { type ChannelClasses, channelClasses } from '../passes/channels.ts';
import { knownChannels } from '../passes/known-channels.ts';
import { opOf } from '../semantics/evaluate.ts';
import { findLayers, type LayerPlan, type PrunableLayer } from './layers.ts';
import type { AllocationPolicy } from './math/allocate.ts';

export interface ChannelMasks {
  /** By constant, weights and biases: 0 where a channel goes. */
  readonly masks: ReadonlyMap<ValueId, Uint8Array>;
  /** Why a layer keeps all its channels, where none of them can go. */
  readonly reasons: ReadonlyMap<PrunableLayer, string>;
}

/** Every layer keeps this share of its channels, and one at least. */
const leastShare = 0.05;

/**
 * Channels of least weight, until `sparsity` of the weights of `plans` is zero or no more may go. `keep` holds the weights that
 * the allocation leaves to each plan; channels that go together go by the mean of their layers' scores.
 */
export function channelMasks(
  graph: Graph,
  plans: readonly LayerPlan[],
  sparsity: number,
  allocation: AllocationPolicy,
  keep: readonly number[],
): ChannelMasks {
  const classes = channelClasses(graph);
  const members = new Map<number, Member[]>();
  const kept = new Set<number>();
  const reasons = new Map<PrunableLayer, string>();
  for (const { layer, kept: reason } of plans) {
    const groups = Array.from({ length: layer.rows }, (_, r) => classes.classOf(layer.value, 0, r));
    const pinned = groups.map((g) => classes.pinned(g));
    if (pinned.every((p) => p !== undefined)) reasons.set(layer, `no channel can go: ${pinned[0]}`);
    groups.forEach((g, row) => {
      if (pinned[row] !== undefined) return;
      const list = members.get(g);
      if (list) list.push({ layer, row });
      else members.set(g, [{ layer, row }]);
      // Depthwise rows come and go with the channels that they read.
      if (reason !== undefined && layer.groups === 1) kept.add(g);
    });
  }
  const shares = new Map(plans.map(({ layer }, i) => [layer, 1 - keep[i] / layer.weights.length]));
  const open = [...members].filter(([g]) => !kept.has(g)).map(([group, list]) => ({ group, list }));
  const scores = groupScores(open, allocation, shares);
  const ranking = open
    .map(({ group }, i) => [group, scores[i]] as const)
    .sort((a, b) => a[1] - b[1] || a[0] - b[0])
    .map(([g]) => g);

  const cut = new Cut(graph, classes, members);
  const ruled = plans.filter((p) => p.sparsity !== undefined);
  for (const { layer, sparsity: share } of ruled) {
    const own = ranking.filter((g) => members.get(g)!.some((m) => m.layer === layer));
    for (const g of own) {
      if (cut.rowsGone(layer) + 1 <= share! * layer.rows) cut.take(g);
    }
  }
  const shared = plans.filter((p) => p.kept === undefined && p.sparsity === undefined).map((p) => p.layer);
  const target = sparsity * shared.reduce((n, l) => n + l.weights.length, 0);
  for (const g of ranking) {
    if (shared.reduce((n, l) => n + cut.zeros(l), 0) >= target) break;
    if (members.get(g)!.some(({ layer }) => ruled.some((p) => p.layer === layer))) continue;
    cut.take(g);
  }
  return { masks: cut.masks(), reasons };
}

type Member = { readonly layer: PrunableLayer; readonly row: number };

/**
 * Scores to be compared between layers; channels that go together have the mean of their rows.
 *
 *     global        u = ‖w‖²
 *     lamp          u over the sum of all u of the layer that are at least as large
 *     uniform, erk  position by lamp among the channels of the same layers, over the share of these that is to go
 */
function groupScores(
  groups: readonly { readonly list: readonly Member[] }[],
  allocation: AllocationPolicy,
  shares: ReadonlyMap<PrunableLayer, number>,
): number[] {
  const mean = (list: readonly Member[], of: (m: Member) => number) =>
    list.reduce((n, m) => n + of(m), 0) / list.length;
  const rows = new Map([...shares.keys()].map((l) => [l, rowScores(l, allocation)]));
  const scores = groups.map(({ list }) => mean(list, ({ layer, row }) => rows.get(layer)![row]));
  if (allocation === 'global' || allocation === 'lamp') return scores;
  const families = new Map<string, number[]>();
  groups.forEach(({ list }, i) => {
    const layers = list.map((m) => m.layer.value).join();
    families.set(layers, [...(families.get(layers) ?? []), i]);
  });
  for (const family of families.values()) {
    const share = mean(groups[family[0]].list, ({ layer }) => shares.get(layer)!);
    family.sort((a, b) => scores[a] - scores[b] || a - b);
    family.forEach((i, position) => void (scores[i] = (position + 1) / family.length / share));
  }
  return scores;
}

function rowScores({ weights, rows, cols }: PrunableLayer, allocation: AllocationPolicy): Float64Array {
  const energy = Float64Array.from({ length: rows }, (_, r) =>
    weights.subarray(r * cols, (r + 1) * cols).reduce((s, w) => s + w * w, 0),
  );
  if (allocation === 'global') return energy;
  const order = [...energy.keys()].sort((a, b) => energy[b] - energy[a] || a - b);
  const out = new Float64Array(rows);
  let sum = 0;
  for (const r of order) {
    sum += energy[r];
    out[r] = sum === 0 ? 0 : energy[r] / sum;
  }
  return out;
}

/** Rows and columns that are gone. */
class Cut {
  readonly #rows = new Map<PrunableLayer, Set<number>>();
  readonly #columns = new Map<ValueId, Set<number>>();
  readonly #graph: Graph;
  readonly #classes: ChannelClasses;
  readonly #members: ReadonlyMap<number, readonly Member[]>;

  constructor(graph: Graph, classes: ChannelClasses, members: ReadonlyMap<number, readonly Member[]>) {
    this.#graph = graph;
    this.#classes = classes;
    this.#members = members;
  }

  rowsGone = (layer: PrunableLayer): number => this.#rows.get(layer)?.size ?? 0;

  /** Weights in rows or columns that are gone. */
  zeros(layer: PrunableLayer): number {
    const { rows, shape, weights } = layer;
    const columns = this.#columns.get(layer.value)?.size ?? 0;
    const left = (rows - this.rowsGone(layer)) * ((shape[1] - columns) / shape[1]);
    return weights.length - (left * weights.length) / rows;
  }

  /** Takes a class, unless that left a layer with too little. */
  take(group: number): void {
    const rows = this.#members.get(group)!;
    const counts = new Map<PrunableLayer, number>();
    for (const { layer } of rows) counts.set(layer, (counts.get(layer) ?? 0) + 1);
    for (const [layer, n] of counts) {
      if (this.rowsGone(layer) + n > layer.rows - Math.max(1, Math.ceil(leastShare * layer.rows))) return;
    }
    for (const { layer, row } of rows) grow(this.#rows, layer, row);
    for (const { node, index } of this.#classes.contractions(group)) {
      const weights = node.inputs[opOf(node.kind).linear!.weights]!;
      // With groups, a column belongs to several channels.
      if (
        opOf(node.kind)
          .prunable?.(node.attrs)
          .every((p) => p.groups === 1)
      )
        grow(this.#columns, weights, index);
    }
  }

  masks(): Map<ValueId, Uint8Array> {
    const out = new Map<ValueId, Uint8Array>();
    const maskOf = (id: ValueId) => {
      const mask = out.get(id) ?? new Uint8Array(this.#graph.values.get(id)!.data!.length).fill(1);
      out.set(id, mask);
      return mask;
    };
    for (const [layer, rows] of this.#rows) {
      const bias = layer.node.inputs[opOf(layer.node.kind).linear!.bias];
      for (const r of rows) {
        maskOf(layer.value).fill(0, r * layer.cols, (r + 1) * layer.cols);
        if (bias != null) maskOf(bias)[r] = 0;
      }
    }
    this.#zeroColumns(out, maskOf);
    return new Map([...out].filter(([, mask]) => mask.includes(0)));
  }

  /** Columns that now read zeros only. */
  #zeroColumns(masks: ReadonlyMap<ValueId, Uint8Array>, maskOf: (id: ValueId) => Uint8Array): void {
    const known = knownChannels(withMasks(this.#graph, masks));
    for (const layer of findLayers(this.#graph)) {
      const role = opOf(layer.node.kind).linear;
      const x = this.#graph.values.get(layer.node.inputs[0]!)!;
      const of = role && known.get(x.id);
      if (!of || of.axis !== normalizeAxis(role.axis, x.shape.length)) continue;
      const mask = maskOf(layer.value);
      const [, perGroup] = layer.shape;
      const taps = layer.cols / perGroup;
      for (let r = 0; r < layer.rows; r++) {
        const first = Math.floor(r / (layer.rows / layer.groups)) * perGroup;
        for (let c = 0; c < perGroup; c++) {
          const at = r * layer.cols + c * taps;
          if (of.values[first + c] === 0) mask.fill(0, at, at + taps);
        }
      }
    }
  }
}

function grow<K>(map: Map<K, Set<number>>, key: K, value: number): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

/** The graph with zeros where the masks say; ids stay. */
function withMasks(graph: Graph, masks: ReadonlyMap<ValueId, Uint8Array>): Graph {
  const values = new Map(graph.values);
  for (const [id, mask] of masks) {
    const v = values.get(id)!;
    values.set(id, { ...v, data: (v.data as Float32Array).map((w, i) => (mask[i] ? w : 0)) });
  }
  return { ...graph, values };
}
