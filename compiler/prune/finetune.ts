/**
 * Repair of a pruned graph by training: the survivors learn from the dense network's answers (Hinton et al. 2015) and, where
 * there are labels, from those; weights go before or on a cubic schedule meanwhile (Zhu & Gupta 2017).
 */
import type { Tensor } from '@tensorflow/tfjs';
import { type Graph, portsOf, type ValueId } from '../ir/graph.ts';
import { noProgress } from '../progress.ts';
import { answers } from './answers.ts';
import type { Part, Parts } from './data.ts';
import { type Constants, type TfGraph, tfGraph } from './graph-tf.ts';
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { keepCounts, type Masks, magnitudeMask, masked } from './magnitude.ts';
import type { AllocationPolicy } from './math/allocate.ts';
import type { Granularity } from './math/problem.ts';
import { cubicSparsity } from './math/schedule.ts';
import type { PruneContext, SettledFinetune } from './options.ts';
import type { Tf } from './train/backend.ts';
import { openCheckpoint } from './train/checkpoint.ts';
import type { TrainData } from './train/data.ts';
import type { Score } from './train/evaluate.ts';
import { featureObjective } from './train/features.ts';
import { type TrainResult, train } from './train/loop.ts';
import { variation } from './vary.ts';

/** The masks to end with: given, or grown on the schedule towards a sparsity. */
export type Target =
  | { readonly kind: 'masks'; readonly masks: Masks }
  | {
      readonly kind: 'gradual';
      readonly plans: readonly LayerPlan[];
      readonly sparsity: number;
      readonly allocation: AllocationPolicy;
      readonly granularity: Granularity;
    };

/** Share of the run during which masks still change, and steps between changes. */
const rampShare = 0.5;
const rampEvery = 20;

/**
 * The graph's constants, trained under masks from `start` on; the graph as it is, dense, is the teacher, of what `layers` give too
 * where the settings ask for it.
 *
 * @throws {CompileError} E_DATA, E_UNSUPPORTED
 */
export async function finetune(
  tf: Tf,
  graph: Graph,
  start: Constants,
  layers: readonly PrunableLayer[],
  target: Target,
  { fit, choose }: Parts,
  settings: SettledFinetune & { readonly seed: number; readonly vary?: boolean },
  context: PruneContext = {},
): Promise<{ readonly constants: Map<ValueId, Float32Array>; readonly result: TrainResult }> {
  const { registerGradients } = await import('./train/gradients.ts');
  registerGradients(tf);
  const { epochs, lr } = settings;
  const net = tfGraph(tf, graph, start);
  const guide = tfGraph(tf, graph);
  const batch = Math.min(settings.batch, fit.n, net.batch);
  const steps = Math.max(1, Math.round(epochs * Math.floor(fit.n / batch)));
  const open = (context.progress ?? noProgress).stage('fine-tune', steps);
  try {
    const bare = ({ width, x, y }: Part): TrainData => ({ shape: [width], x, ...(y && { y }) });
    const taught = (part: Part): TrainData => ({ ...bare(part), teacher: answers(tf, guide, part).values });
    const live = (x: Tensor) => guide.forward(x);
    const loss = fit.y ? 'kd+ce' : net.classifies ? 'kd' : 'mse';
    const objective =
      settings.features > 0 &&
      featureObjective(tf, net, guide, featuresOf(net, layers), loss, settings.features);
    const augment = settings.augment ?? (settings.vary ? variation(graph) : undefined);
    const real = portsOf(graph, graph.inputs).every((p) => p.dtype === 'float32');
    const mix = settings.vary === true && real && !fit.y;
    const data = objective ? bare(fit) : augment || mix ? { ...bare(fit), teacher: live } : taught(fit);
    const masks = masker(target, net.variables, steps);
    const checkpoint =
      context.checkpoint &&
      openCheckpoint(context.checkpoint, [
        { ...settings, steps, batch, augmented: settings.augment !== undefined },
        ...identityOf(target),
        ...[...net.variables.values()].map((v) => v.dataSync()),
        ...[fit, choose].flatMap(({ x, y }) => [x, y]),
        [...graph.values.values()].flatMap((v) => v.shape),
      ]);
    let heldOut: Score | undefined;
    const result = await train({
      tf,
      forward: (x) => net.forward(x),
      variables: [...net.variables.values()],
      data,
      validation: taught(choose),
      // Accuracy on a few hundred samples is mostly chance.
      better: (a, b) => a.loss < b.loss,
      loss,
      ...(objective && { objective }),
      steps,
      batch,
      lr,
      seed: settings.seed,
      optimizer: settings.optimizer,
      weightDecay: settings.weightDecay,
      l1: settings.l1,
      l2: settings.l2,
      patience: settings.patience,
      augment,
      mix,
      remask: (step) => {
        const next = masks.at(step);
        return next && new Map([...next].map(([id, m]) => [net.variables.get(id)!, Float32Array.from(m)]));
      },
      onStep: (s) => {
        heldOut = s.validation ?? heldOut;
        open.update(s.step, `loss ${s.loss.toFixed(3)}${heldOutNote(heldOut)}`);
      },
      signal: context.signal,
      checkpoint,
    });
    const constants = new Map<ValueId, Float32Array>();
    for (const [id, v] of net.variables) constants.set(id, v.dataSync().slice() as Float32Array);
    // A run that was ended early still owes its last masks.
    const owed = result.steps > masks.end ? undefined : masks.at(masks.end);
    for (const [id, mask] of owed ?? []) constants.set(id, masked(constants.get(id)!, mask));
    return { constants, result };
  } finally {
    open.done();
    net.dispose();
    guide.dispose();
  }
}

/** What the layers give, the answers themselves apart. */
function featuresOf({ nodes, targets }: TfGraph, layers: readonly PrunableLayer[]): ValueId[] {
  const known = new Set(nodes);
  const made = layers.flatMap(({ node }) => (known.has(node) ? [node.outputs[0]] : []));
  return [...new Set(made)].filter((id) => !targets.includes(id));
}

/** What distinguishes one target from another. */
function identityOf(target: Target): unknown[] {
  if (target.kind === 'masks') return [...target.masks.values()];
  const { plans, sparsity, allocation, granularity } = target;
  return [plans.map((p) => [p.layer.name, p.sparsity, p.floor, p.kept]), sparsity, allocation, granularity];
}

function heldOutNote(score: Score | undefined): string {
  if (!score) return '';
  const right = score.accuracy === undefined ? '' : `, ${(100 * score.accuracy).toFixed(1)} % right`;
  return `; held out ${score.loss.toFixed(3)}${right}`;
}

type Variable = import('@tensorflow/tfjs').Variable;

interface Masker {
  /** The last step with new masks. */
  readonly end: number;
  /** By constant; `undefined` where they stay. */
  at(step: number): Masks | undefined;
}

function masker(target: Target, variables: ReadonlyMap<ValueId, Variable>, steps: number): Masker {
  if (target.kind === 'masks') {
    return { end: 0, at: (step) => (step === 0 ? target.masks : undefined) };
  }
  const { plans, sparsity, allocation, granularity } = target;
  const end = Math.floor(steps * rampShare);
  return {
    end,
    at(step) {
      if (step > end || (step % rampEvery !== 0 && step !== end)) return undefined;
      const done = cubicSparsity(step, { from: 0, to: 1, begin: 0, end });
      // Layers as they are now: ranking follows the weights while they move.
      const now = plans.map((p) => {
        const weights = variables.get(p.layer.value)!.dataSync() as Float32Array;
        const own = p.sparsity === undefined ? {} : { sparsity: p.sparsity * done };
        return { ...p, layer: { ...p.layer, weights }, ...own };
      });
      const keep = keepCounts(now, sparsity * done, allocation);
      return new Map(
        now.flatMap(({ layer, kept }, i) =>
          kept === undefined ? [[layer.value, magnitudeMask(layer, granularity, keep[i])] as const] : [],
        ),
      );
    },
  };
}
