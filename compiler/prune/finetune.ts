/**
 * Gradual pruning with repair: weights go on a cubic schedule (Zhu & Gupta 2017) while the survivors learn from labels, from the
 * dense network's answers (Hinton et al. 2015), or both.
 */
import { badData } from '../errors.ts';
import type { Graph, ValueId } from '../ir/graph.ts';
import { noProgress } from '../progress.ts';
import { trainable } from './graph-tf.ts';
import type { PruneContext } from './index.ts';
import type { LayerPlan, PrunableLayer } from './layers.ts';
import { withConstants } from './layers.ts';
import { keepCounts, magnitudeMask } from './magnitude.ts';
import type { AllocationPolicy } from './math/allocate.ts';
import type { Granularity } from './math/problem.ts';
import { cubicSparsity } from './math/schedule.ts';
import { loadBackend } from './train/backend.ts';
import type { TrainData } from './train/data.ts';
import { type TrainOptions, train } from './train/loop.ts';

export interface FinetuneOptions {
  /** Inputs and, for the losses that want them, labels. */
  readonly data: Pick<TrainData, 'shape' | 'x' | 'y'>;
  /** Chooses the best state; never used for reported accuracy. */
  readonly validation?: Pick<TrainData, 'shape' | 'x' | 'y'>;
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly seed: number;
  readonly patience?: number;
  readonly weightDecay?: number;
  readonly l1?: number;
  readonly l2?: number;
  readonly optimizer?: TrainOptions['optimizer'];
  readonly augment?: TrainOptions['augment'];
  readonly backend?: Parameters<typeof loadBackend>[0];
}

/** The masks to end with: given (of a one-shot pruning), or grown on the schedule towards a sparsity. */
export type Target =
  | { readonly kind: 'masks'; readonly masks: ReadonlyMap<PrunableLayer, Uint8Array> }
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
 * `student` with weights trained under masks; `teacher` is the dense graph, of the same inputs. Needs samples; with labels it
 * mixes cross-entropy into the distillation.
 *
 * @throws {CompileError} E_DATA, E_UNSUPPORTED
 */
export async function finetune(
  student: Graph,
  teacher: Graph,
  target: Target,
  options: FinetuneOptions,
  context: PruneContext = {},
): Promise<Graph> {
  const tf = await loadBackend(options.backend);
  const { registerGradients } = await import('./train/gradients.ts');
  registerGradients(tf);
  const net = trainable(tf, student);
  const guide = trainable(tf, teacher);
  const open = (context.progress ?? noProgress).stage('fine-tune');
  try {
    const { data, validation } = options;
    const n = data.x.length / data.shape.reduce((a, b) => a * b, 1);
    if (!Number.isInteger(n) || n < 1) throw badData('the samples are no whole number of inputs');
    const perEpoch = Math.max(1, Math.floor(n / Math.min(options.batch, n)));
    const steps = Math.max(1, Math.round(options.epochs * perEpoch));
    const masksAt = masker(target, net.variables, steps);
    const teach = (x: import('@tensorflow/tfjs').Tensor) => guide.forward(x) as never;
    await train({
      tf,
      forward: (x) => net.forward(x) as never,
      variables: [...net.variables.values()],
      data: { ...data, teacher: teach },
      validation: validation && { ...validation, teacher: teach },
      loss: data.y ? 'kd+ce' : 'kd',
      steps,
      batch: options.batch,
      lr: options.lr,
      seed: options.seed,
      optimizer: options.optimizer,
      weightDecay: options.weightDecay,
      l1: options.l1,
      l2: options.l2,
      patience: options.patience,
      augment: options.augment,
      remask: (step) => masksAt(step),
      onStep: (s) => open.update(s.step / s.steps, `loss ${s.loss.toFixed(3)}`),
      signal: context.signal,
    });
    const out = new Map<ValueId, Float32Array>();
    for (const [id, v] of net.variables) out.set(id, v.dataSync().slice() as Float32Array);
    return withConstants(student, out);
  } finally {
    open.done();
    net.dispose();
    guide.dispose();
  }
}

type Variable = import('@tensorflow/tfjs').Variable;

/** Masks per step: `undefined` where they stay. */
function masker(target: Target, variables: ReadonlyMap<ValueId, Variable>, steps: number) {
  const floats = (mask: Uint8Array) => Float32Array.from(mask);
  if (target.kind === 'masks') {
    const masks = new Map([...target.masks].map(([l, m]) => [variables.get(l.value)!, floats(m)]));
    return (step: number) => (step === 0 ? masks : undefined);
  }
  const { plans, sparsity, allocation, granularity } = target;
  const end = Math.max(1, Math.floor(steps * rampShare));
  return (step: number) => {
    if (step > end || (step % rampEvery !== 0 && step !== end)) return undefined;
    const done = cubicSparsity(step, { from: 0, to: 1, begin: 0, end });
    // Layers as they are now: ranking follows the weights while they move.
    const now = plans.map((p) => {
      const weights = variables.get(p.layer.value)!.dataSync() as Float32Array;
      return {
        ...p,
        layer: { ...p.layer, weights },
        sparsity: p.sparsity === undefined ? undefined : p.sparsity * done,
      };
    });
    const keep = keepCounts(now, sparsity * done, allocation);
    const masks = new Map<Variable, Float32Array>();
    now.forEach((p, i) => {
      if (p.kept !== undefined) return;
      masks.set(variables.get(p.layer.value)!, floats(magnitudeMask(p.layer, granularity, keep[i])));
    });
    return masks;
  };
}
