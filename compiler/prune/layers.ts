/** The layers of a graph that can be pruned, and which of them are. */
import { usage } from '../errors.ts';
import { type Graph, type Node, rewrite, type ValueId } from '../ir/graph.ts';
import { sizeOf } from '../ir/tensor.ts';
import { opOf, semantics } from '../semantics/evaluate.ts';
import type { LayerRule } from './options.ts';

/** One weight matrix: rows are outputs (axis 0 of the constant), columns all that one output reads. */
export interface PrunableLayer {
  /** Unique; the source node's name, with a number where it has several matrices. */
  readonly name: string;
  readonly node: Node;
  /** The constant. */
  readonly value: ValueId;
  readonly weights: Float32Array;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly cols: number;
  readonly groups: number;
  /** Multiply-accumulates of the dense layer. */
  readonly macs: number;
}

/** How far one layer may be pruned. */
export interface LayerPlan {
  readonly layer: PrunableLayer;
  /** Absent: takes part in the allocation. */
  readonly sparsity?: number;
  /** Share of weights that stay at least. */
  readonly floor: number;
  /** Why it is left alone, where it is. */
  readonly kept?: string;
}

/** True where an allocation has nothing to say. */
export const isDecided = (p: LayerPlan): boolean => p.kept !== undefined || p.sparsity !== undefined;

/** All constant operands that operators declare prunable, in execution order; shared constants once. */
export function findLayers(graph: Graph): PrunableLayer[] {
  const out: PrunableLayer[] = [];
  const seen = new Set<ValueId>();
  const names = new Map<string, number>();
  for (const node of graph.nodes) {
    const op = opOf(node.kind);
    for (const { input, groups } of op.prunable?.(node.attrs) ?? []) {
      const value = node.inputs[input];
      const v = value === null || value === undefined ? undefined : graph.values.get(value);
      if (!v?.data || v.dtype !== 'float32' || v.data.length === 0 || seen.has(v.id)) continue;
      seen.add(v.id);
      const used = names.get(node.name) ?? 0;
      names.set(node.name, used + 1);
      const typesOf = (ids: readonly (ValueId | null)[]) =>
        ids.map((id) => (id === null ? null : graph.values.get(id)!));
      // A node with several matrices shares its cost out among them.
      const sizes = op.prunable!(node.attrs).map((p) =>
        sizeOf(graph.values.get(node.inputs[p.input]!)!.shape),
      );
      const part = v.data.length / sizes.reduce((a, b) => a + b, 0);
      const macs = op.macs?.(typesOf(node.inputs), typesOf(node.outputs) as never, node.attrs);
      out.push({
        name: used === 0 ? node.name : `${node.name}#${used}`,
        node,
        value: v.id,
        weights: v.data as Float32Array,
        shape: v.shape,
        rows: v.shape[0],
        cols: v.data.length / v.shape[0],
        groups,
        macs: macs === undefined ? v.data.length : macs * part,
      });
    }
  }
  return out;
}

/** Inputs to a first convolution up to this many are colours or a spectrogram: few weights, and all of them matter. */
const fewInputs = 4;
/** The last layer keeps this share of its weights (Gale et al. 2019, "uniform+"). */
const lastFloor = 0.2;

/**
 * Applies the default protection (depthwise layers; a first convolution over few channels; a fifth of the last
 * layer), then the rules, the last that fits a name winning.
 *
 * @throws {CompileError} E_USAGE for a rule that fits no layer.
 */
export function planLayers(layers: readonly PrunableLayer[], rules: readonly LayerRule[]): LayerPlan[] {
  for (const r of rules) {
    if (!layers.some((l) => matches(r.pattern, l.name))) {
      throw usage(
        `no prunable layer is named like ${JSON.stringify(r.pattern)}`,
        `prunable layers: ${layers.map((l) => l.name).join(', ')}`,
      );
    }
  }
  return layers.map((layer, i) => {
    const rule = rules.findLast((r) => matches(r.pattern, layer.name));
    if (rule?.keep) return { layer, floor: 1, kept: 'kept by a rule' };
    if (rule?.sparsity !== undefined) return { layer, floor: 0, sparsity: rule.sparsity };
    if (rule) return { layer, floor: 0 };
    const perGroup = layer.shape[1];
    if (layer.groups > 1 && perGroup === 1)
      return { layer, floor: 1, kept: 'depthwise: a few weights per channel, all needed' };
    const convolution = layer.shape.length > 2;
    if (i === 0 && convolution && perGroup <= fewInputs) {
      return { layer, floor: 1, kept: 'first convolution: few weights, all needed' };
    }
    return { layer, floor: i === layers.length - 1 && layers.length > 1 ? lastFloor : 0 };
  });
}

/** `*` stands for any characters. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((p) => p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** The graph with new constants; everything else as it is, origins included. */
export function withConstants(graph: Graph, changed: ReadonlyMap<ValueId, Float32Array>): Graph {
  return rewrite(
    graph,
    semantics,
    () => undefined,
    (v) => {
      const data = changed.get(v.id);
      return data && { dtype: v.dtype, shape: v.shape, data, origin: v.origin };
    },
  );
}

/** Samples of which `runs` inferences each take no more than `macs` multiply-accumulates together. */
export const samplesWithin = (graph: Graph, macs: number, runs = 1): number =>
  Math.floor(macs / (macsOf(graph) * runs + 1));

/** Multiply-accumulates of one inference. */
export function macsOf(graph: Graph): number {
  const types = (ids: readonly (ValueId | null)[]) =>
    ids.map((id) => (id === null ? null : graph.values.get(id)!));
  return graph.nodes.reduce(
    (n, { kind, inputs, outputs, attrs }) =>
      n + (opOf(kind).macs?.(types(inputs), types(outputs) as never, attrs) ?? 0),
    0,
  );
}
