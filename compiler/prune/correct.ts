/** Moves the statistics of every pruned layer's outputs back to the dense ones, upstream first. The identity where nothing is pruned. */
import { type Graph, Links, type Node, type ValueId } from '../ir/graph.ts';
import { normalizeAxis } from '../ir/tensor.ts';
import type { TfTensor } from '../ops/define.ts';
import { opOf } from '../semantics/evaluate.ts';
import type { Part } from './data.ts';
import { type Constants, numbers } from './graph-tf.ts';
import type { Masks } from './magnitude.ts';
import { biasCorrection, ChannelStats, relativeCorrection } from './math/correct.ts';
import type { Tf } from './train/backend.ts';
import { type Stop, walk } from './walk.ts';

/** `bias`: means; `relative`: means and deviations. */
export type Correction = 'bias' | 'relative';

/** New constants; layers without a bias of their own stay as they are, and so do biases under a 0 of `masks`. */
export async function correctStatistics(
  tf: Tf,
  graph: Graph,
  constants: Constants,
  part: Part,
  kind: Correction,
  masks: Masks = new Map(),
): Promise<Map<ValueId, Float32Array>> {
  const changed = new Map(constants);
  const links = new Links(graph);
  const layerOf = (node: Node) => {
    const role = opOf(node.kind).linear;
    const weights = role && node.inputs[role.weights];
    const bias = role && node.inputs[role.bias];
    if (!role || weights == null || bias == null) return undefined;
    const values = graph.values.get(bias)!.data as Float32Array | null;
    if (!values || !constants.has(weights) || links.users(bias).length > 1 || links.users(weights).length > 1)
      return undefined;
    return { axis: role.axis, weights, bias, values };
  };
  const visit = ({ node, batches }: Stop) => {
    const { axis, weights, bias, values } = layerOf(node)!;
    const moments = { dense: new ChannelStats(values.length), pruned: new ChannelStats(values.length) };
    for (const { dense, pruned } of batches()) {
      moments.dense.add(channelsLast(tf, dense.outputs[0], axis));
      moments.pruned.add(channelsLast(tf, pruned.outputs[0], axis));
    }
    const correct = kind === 'bias' ? biasCorrection : relativeCorrection;
    const { scale, shift } = correct(moments.dense.moments(), moments.pruned.moments());
    const w = changed.get(weights)!;
    const cols = w.length / scale.length;
    const b = changed.get(bias) ?? values;
    if (kind === 'relative')
      changed.set(
        weights,
        w.map((v, i) => (v === 0 ? 0 : v * scale[Math.floor(i / cols)])),
      );
    const stays = masks.get(bias);
    changed.set(
      bias,
      b.map((v, r) => (stays?.[r] === 0 ? 0 : v * scale[r] + shift[r])),
    );
  };
  await walk(tf, graph, part, changed, { at: (node) => layerOf(node) !== undefined, outputs: true, visit });
  return changed;
}

function channelsLast(tf: Tf, y: TfTensor, axis: number): Float32Array {
  const at = normalizeAxis(axis, y.shape.length);
  const others = y.shape.map((_, d) => d).filter((d) => d !== at);
  return numbers(tf, () => tf.transpose(y, [...others, at]));
}
