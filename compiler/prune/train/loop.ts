/** Training and fine-tuning with masks that hold, wherever the network comes from. */

import { setImmediate } from 'node:timers/promises';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import { random } from '../../ir/random.ts';
import type { Tf } from './backend.ts';
import type { TrainCheckpoint, TrainState } from './checkpoint.ts';
import { type Augment, type Batch, gather, ShuffledBatches, sampleCount, type TrainData } from './data.ts';
import { evaluate, type Forward, isBetter, type Score } from './evaluate.ts';
import { checkLoss, type Loss, lossOf } from './loss.ts';
import { createOptimizer, type Masks, type OptimizerName } from './optimizer.ts';

export interface TrainOptions {
  readonly tf: Tf;
  readonly forward: Forward;
  /** The state of the network. Those that are not `trainable` (moving statistics) are saved and restored only. */
  readonly variables: Variable[];
  readonly masks?: Masks;
  readonly data: TrainData;
  readonly loss: Loss;
  /** What descends instead of the loss of the forward pass; validations keep to that. */
  readonly objective?: (batch: Batch) => Scalar;
  /** How long: steps, or epochs over the data. */
  readonly steps?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly optimizer?: OptimizerName;
  readonly lr: number;
  /** `cosine` falls from `lr` to 0 over the run. */
  readonly schedule?: 'cosine' | 'constant';
  readonly weightDecay?: number;
  readonly l1?: number;
  readonly l2?: number;
  readonly seed?: number;
  readonly augment?: Augment;
  /** Samples of a batch are mixed in pairs: for losses without labels, from a teacher that is a function. */
  readonly mix?: boolean;
  /** Where given, the best state on it is kept, that before the first step among them. */
  readonly validation?: TrainData;
  /** What is best; by default accuracy, then loss. */
  readonly better?: (a: Score, b: Score) => boolean;
  /** Steps between validations; by default an epoch, or a twentieth of the run if that is shorter. */
  readonly validateEvery?: number;
  /** Stop after so many validations without a better one. A change of masks starts the count anew. */
  readonly patience?: number;
  /**
   * Called before every step; what it returns replaces the masks. States under earlier masks don't compete for the best:
   * a network that is not pruned yet would win.
   */
  readonly remask?: (step: number) => Masks | undefined;
  readonly onStep?: (report: StepReport) => void;
  /** Ends the run; the best so far is kept. */
  readonly signal?: AbortSignal;
  /** A run that goes on from a saved state ends as one that was never interrupted, to the bit. */
  readonly checkpoint?: TrainCheckpoint;
}

export interface StepReport {
  /** 1 for the first. */
  readonly step: number;
  readonly steps: number;
  /** Of the batch, before the step. */
  readonly loss: number;
  readonly lr: number;
  readonly validation?: Score;
}

export interface TrainResult {
  /** Why it ended; `diverged`: the loss was no longer a number. */
  readonly stopped: 'done' | 'patience' | 'aborted' | 'diverged';
  /** Steps made. */
  readonly steps: number;
  /** The state that the variables have now, where there was a validation; step 0 is the start. */
  readonly best?: { readonly step: number; readonly score: Score };
}

/** How long a step may keep the event loop from timers, signals and the keyboard, in ms. */
const breathe = 50;

/**
 * Trains the variables in place. The same seed, data and backend give the same bits.
 *
 * @throws {CompileError} E_DATA where data and loss do not go together.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { tf, forward, data, loss, validation, batch = 64, seed = 0, schedule = 'cosine' } = options;
  const { objective = (batch: Batch) => lossOf(tf, loss, forward(batch.x, true), batch) } = options;
  if (!options.objective) checkLoss(loss, data);
  if (validation) checkLoss(loss, validation);
  const n = sampleCount(data);
  const perEpoch = Math.max(1, Math.floor(n / batch));
  const steps = options.steps ?? Math.round((options.epochs ?? 1) * perEpoch);
  const validateEvery = options.validateEvery ?? Math.max(1, Math.min(perEpoch, Math.floor(steps / 20)));
  const trainable = options.variables.filter((v) => v.trainable);
  const decay = { weightDecay: options.weightDecay ?? 0, l1: options.l1 ?? 0, l2: options.l2 ?? 0 };
  const optimizer = createOptimizer(tf, options.optimizer ?? 'adam', trainable, decay);
  const { checkpoint } = options;
  const before = checkpoint?.start;
  const chance = random(before?.chance ?? seed);
  const batches = new ShuffledBatches(n, batch, chance, before?.batches);
  const change = { augment: options.augment, mix: options.mix, chance };
  const best = new Best(tf, options.variables, options.better ?? isBetter);

  const validate = (step: number): Score | undefined => {
    if (!validation) return undefined;
    const score = evaluate(tf, forward, validation, loss);
    best.offer(step, score);
    return score;
  };
  /** One step; returns the loss before it. */
  const descend = (lr: number): number =>
    tf.tidy(() => {
      const samples = gather(tf, data, batches.next(), change);
      const { value, grads } = tf.variableGrads(() => objective(samples), trainable);
      const now = value.dataSync()[0]!;
      if (Number.isFinite(now)) optimizer.step(grads as Record<string, Tensor>, lr);
      return now;
    });

  const state = (step: number): TrainState => ({
    step,
    chance: chance.state(),
    batches: batches.state(),
    variables: options.variables.map((v) => v.dataSync().slice() as Float32Array),
    optimizer: optimizer.state(),
    best: best.state(),
  });
  const restore = (state: TrainState) => {
    options.variables.forEach((v, i) => {
      tf.tidy(() => v.assign(tf.tensor(state.variables[i]!, v.shape)));
    });
    optimizer.restore(state.optimizer);
    best.resume(state.best);
  };

  let stopped: TrainResult['stopped'] = 'done';
  let step = before?.step ?? 0;
  try {
    if (before) restore(before);
    else {
      if (options.masks) optimizer.setMasks(options.masks);
      validate(0);
    }
    let rested = performance.now();
    let saved = rested;
    const save = () => {
      checkpoint?.save(state(step));
      saved = performance.now();
    };
    while (step < steps) {
      if (options.patience !== undefined && best.missed >= options.patience) {
        stopped = 'patience';
        break;
      }
      if (performance.now() - rested > breathe) {
        await setImmediate();
        rested = performance.now();
      }
      if (options.signal?.aborted) {
        stopped = 'aborted';
        save();
        break;
      }
      const masks = options.remask?.(step);
      if (masks) {
        optimizer.setMasks(masks);
        best.forget();
      }
      const lr =
        schedule === 'cosine' ? (options.lr / 2) * (1 + Math.cos((Math.PI * step) / steps)) : options.lr;
      const now = descend(lr);
      if (!Number.isFinite(now)) {
        stopped = 'diverged';
        break;
      }
      step++;
      const score = step % validateEvery === 0 || step === steps ? validate(step) : undefined;
      options.onStep?.({ step, steps, loss: now, lr, ...(score && { validation: score }) });
      if (checkpoint && (score || performance.now() - saved > checkpoint.everyMs)) save();
    }
    best.restore();
    return { stopped, steps: step, ...(best.found && { best: best.found }) };
  } finally {
    best.forget();
    optimizer.dispose();
  }
}

/** The best state so far: copies of the variables. */
class Best {
  found: { step: number; score: Score } | undefined;
  /** Offers in a row that were no better. */
  missed = 0;
  private readonly tf: Tf;
  private readonly variables: Variable[];
  private readonly better: (a: Score, b: Score) => boolean;
  private copies: Tensor[] = [];

  constructor(tf: Tf, variables: Variable[], better: (a: Score, b: Score) => boolean) {
    this.tf = tf;
    this.variables = variables;
    this.better = better;
  }

  offer(step: number, score: Score): void {
    if (this.found && !this.better(score, this.found.score)) {
      this.missed++;
      return;
    }
    this.forget();
    this.found = { step, score };
    this.copies = this.variables.map((v) => this.tf.keep(v.clone()));
  }

  restore(): void {
    for (const [i, copy] of this.copies.entries()) this.variables[i]!.assign(copy);
  }

  state(): TrainState['best'] {
    const { found, missed } = this;
    return {
      missed,
      ...(found && { ...found, copies: this.copies.map((t) => t.dataSync().slice() as Float32Array) }),
    };
  }

  resume({ missed, step, score, copies }: TrainState['best']): void {
    this.forget();
    this.missed = missed;
    if (step === undefined || !score || !copies) return;
    this.found = { step, score };
    this.copies = copies.map((c, i) => this.tf.keep(this.tf.tensor(c, this.variables[i]!.shape)));
  }

  forget(): void {
    this.tf.dispose(this.copies);
    this.copies = [];
    this.found = undefined;
    this.missed = 0;
  }
}
