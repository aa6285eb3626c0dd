/**
 * Pruning without training: layers in order, each fitted on what the already pruned network feeds it against what the dense
 * network made there, so that errors don't pile up (asymmetric targets).
 */
import { type Graph, Links, type ValueId } from '../ir/graph.ts';
import type { TfTensor } from '../ops/define.ts';
import { noProgress } from '../progress.ts';
import { opOf } from '../semantics/evaluate.ts';
import { groupPart, layerProblems, type Operands } from './calibrate.ts';
import { columnsOf } from './columns.ts';
import type { Part } from './data.ts';
import { numbers } from './graph-tf.ts';
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { type Masks, magnitudeMask, masked } from './magnitude.ts';
import { countKept } from './math/patterns.ts';
import type { Granularity, Method } from './math/problem.ts';
import { fitMask, type PrunedLayer, preparePruner } from './math/prunelayer.ts';
import type { PruneContext } from './options.ts';
import type { Tf } from './train/backend.ts';
import { type Stop, walk } from './walk.ts';

export interface OneShotOptions {
  readonly method: Method | 'auto';
  readonly granularity: Granularity;
  readonly seed: number;
  /** What must stay and go, instead of choosing: weights that stay are fitted. Biases that go stay 0. */
  readonly masks?: Masks;
  /** `false`: survivors stay as the choice of weights left them; by default fitted with second-order methods. */
  readonly refit?: boolean;
  /** What an error of each output of a layer is multiplied by, by its weights' constant; without, all count alike. */
  readonly outputs?: ReadonlyMap<ValueId, Float64Array>;
  /** Sizes of ∂loss/∂weights by constant, for `taylor`. */
  readonly gradients?: ReadonlyMap<ValueId, Float32Array>;
}

export interface OneShot {
  /** What changed: weights and biases. */
  readonly constants: Map<ValueId, Float32Array>;
  readonly masks: Masks;
  readonly details: ReadonlyMap<PrunableLayer, LayerDetail>;
}

export interface LayerDetail {
  readonly method: string;
  /** Error of the layer's outputs over their energy, on calibration data. */
  readonly loss: number;
}

/** Each layer of `plans` keeps at most `keep` weights. Ended by the signal, the layers that are left go by magnitude. */
export async function oneShot(
  tf: Tf,
  graph: Graph,
  plans: readonly LayerPlan[],
  keep: readonly number[],
  part: Part,
  options: OneShotOptions,
  context: PruneContext = {},
): Promise<OneShot> {
  const constants = new Map<ValueId, Float32Array>();
  const masks = new Map<ValueId, Uint8Array>(options.masks);
  const details = new Map<PrunableLayer, LayerDetail>();
  const links = new Links(graph);
  const wanted = plans.flatMap((p, i) => (p.kept === undefined ? [{ layer: p.layer, keep: keep[i] }] : []));
  const open = (context.progress ?? noProgress).stage('prune', wanted.length);

  const visit = (stop: Stop) => {
    for (const { layer, keep } of wanted) {
      if (layer.node !== stop.node) continue;
      if (!stop.diverged && keep >= layer.weights.length && !options.masks) continue;
      open.update(details.size, layer.name);
      const done = prepareLayer(tf, graph, links, stop, layer, constants, {
        ...options,
        method: context.signal?.aborted ? 'magnitude' : options.method,
      })(keep);
      masks.set(layer.value, done.mask);
      details.set(layer, done.detail);
      for (const [id, values] of done.constants) constants.set(id, values);
    }
  };
  const nodes = new Set(wanted.map((w) => w.layer.node));
  await walk(tf, graph, part, constants, { at: (node) => nodes.has(node), visit });
  open.done();
  return { constants, masks, details };
}

export interface CutLayer {
  readonly mask: Uint8Array;
  /** Weights and, where the layer has one of its own, bias. */
  readonly constants: ReadonlyMap<ValueId, Float32Array>;
  readonly detail: LayerDetail;
}

/** A layer, prepared from what it reads at a stop, to be cut to any number of weights. */
export function prepareLayer(
  tf: Tf,
  graph: Graph,
  links: Links,
  stop: Stop,
  layer: PrunableLayer,
  changed: ReadonlyMap<ValueId, Float32Array>,
  { method, granularity, seed, masks, outputs, gradients, refit }: OneShotOptions,
): (keep: number) => CutLayer {
  const { node, rows, cols, groups, value } = layer;
  const role = opOf(node.kind).linear;
  const biasId = role && node.inputs[role.bias];
  const bias = biasId == null || links.users(biasId).length > 1 ? undefined : graph.values.get(biasId);
  const read = operands(tf, stop, layer, changed);
  const centred = bias?.data !== undefined;
  const problems = layerProblems(tf, layer, columnsOf(graph, layer), read, centred, stop.samples, seed);
  const fixed = masks && (masks.get(value) ?? new Uint8Array(rows * cols).fill(1));
  const gradient = gradients?.get(value);
  const factors = outputs?.get(value);
  const prune = problems.map((problem, g): ((keep: number) => PrunedLayer & { method: string }) => {
    if (fixed) return () => ({ ...fitMask(problem, groupPart(fixed, layer, g)), method: 'least squares' });
    const pruner = preparePruner(problem, {
      method,
      granularity,
      refit,
      ...(factors && { outputs: factors.subarray((g * rows) / groups, ((g + 1) * rows) / groups) }),
      multiply: (a, b, r, n) => product(tf, a, b, r, n),
      ...(gradient && { gradient: groupPart(gradient, layer, g) }),
    });
    return (keep) => ({ ...pruner.prune(keep), method: pruner.method });
  });

  return (keep) => {
    const keeps = fixed ? [] : groupKeeps(layer, granularity, keep);
    const pruned = prune.map((cut, g) => cut(keeps[g]));
    const size = (rows / groups) * cols;
    const weights = new Float32Array(rows * cols);
    const mask = new Uint8Array(rows * cols);
    pruned.forEach((p, g) => {
      weights.set(p.weights, g * size);
      mask.set(p.mask, g * size);
    });
    const constants = new Map([[value, masked(weights, mask)]]);
    if (bias?.data) {
      const shift = pruned.flatMap((p) => [...p.biasShift]);
      const stays = masks?.get(bias.id);
      constants.set(
        bias.id,
        Float32Array.from(bias.data, (b, r) => (stays?.[r] === 0 ? 0 : b + shift[r])),
      );
    }
    const sum = (of: (p: PrunedLayer) => number) => pruned.reduce((s, p) => s + of(p), 0);
    const energy = sum((p) => p.energy);
    const detail = { method: pruned[0].method, loss: energy > 0 ? sum((p) => p.loss) / energy : 0 };
    return { constants, mask, detail };
  };
}

/** A layer's count shared out among its groups as magnitudes would. */
function groupKeeps(layer: PrunableLayer, granularity: Granularity, keep: number): number[] {
  if (layer.groups === 1) return [keep];
  const mask = magnitudeMask(layer, granularity, keep);
  const size = mask.length / layer.groups;
  return Array.from({ length: layer.groups }, (_, g) => countKept(mask.subarray(g * size, (g + 1) * size)));
}

/** What the weights are multiplied with: the node's input, or the hidden states that went round. */
function* operands(
  tf: Tf,
  { node, batches }: Stop,
  { value }: PrunableLayer,
  changed: ReadonlyMap<ValueId, Float32Array>,
): Generator<Operands> {
  const direct = opOf(node.kind).linear || node.inputs.indexOf(value) === 1;
  for (const { samples, dense, pruned } of batches()) {
    if (direct) {
      yield { samples, dense: dense.inputs[0]!, pruned: pruned.inputs[0]! };
      continue;
    }
    const states = tf.keep(
      tf.tidy(() => {
        const inputs = pruned.inputs.map((t, k) => {
          const values = node.inputs[k] === null ? undefined : changed.get(node.inputs[k]);
          return values ? tf.tensor(values, t!.shape) : t;
        });
        return hiddenStates(tf, node, inputs);
      }),
    );
    yield { samples, dense: states, pruned: states };
    states.dispose();
  }
}

/** [T, N, H]: the hidden state that enters every time; in any order of times. */
function hiddenStates(tf: Tf, node: Stop['node'], inputs: readonly (TfTensor | null)[]): TfTensor {
  const attrs = { ...node.attrs, sequence: true };
  const after = opOf(node.kind).tf!(tf, inputs, attrs).at(-1)!;
  const [times, n, hidden] = after.shape as [number, number, number];
  const initial = tf.zeros([1, n, hidden]);
  const from = node.attrs.reverse ? 1 : 0;
  return times === 1
    ? initial
    : tf.concat([initial, tf.slice(after, [from, 0, 0], [times - 1, n, hidden])], 0);
}

/** A [rows × n] · B [n × n] in float32. */
function product(tf: Tf, a: Float64Array, b: Float64Array, rows: number, n: number): Float64Array {
  const matrix = (m: Float64Array, r: number) => tf.tensor2d(Float32Array.from(m), [r, n]);
  return Float64Array.from(numbers(tf, () => tf.matMul(matrix(a, rows), matrix(b, n))));
}
