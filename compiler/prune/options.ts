/** What pruning can be asked for. */
import { usage } from '../errors.ts';
import type { Progress } from '../progress.ts';
import type { PruneData } from './data.ts';
import { allocationPolicies } from './math/allocate.ts';
import type { Granularity, Method } from './math/problem.ts';
import type { BackendName } from './train/backend.ts';
import type { CheckpointOptions } from './train/checkpoint.ts';
import type { Augment } from './train/data.ts';
import type { OptimizerName } from './train/optimizer.ts';

export const allocations = [...allocationPolicies, 'sensitivity'] as const;
export type Allocation = (typeof allocations)[number];

export interface PruneContext {
  readonly progress?: Progress;
  /** Ends fine-tuning; the best state so far is kept. */
  readonly signal?: AbortSignal;
  /** Where fine-tuning keeps its state, so that it can be gone on with. */
  readonly checkpoint?: CheckpointOptions;
}

/** A rule for the layers whose names fit; `*` stands for any characters. Without `sparsity` or `keep`: lifts the protection. */
export interface LayerRule {
  readonly pattern: string;
  /** Share of zeros, instead of what the allocation gives. */
  readonly sparsity?: number;
  /** Leave it alone. */
  readonly keep?: boolean;
}

/** What the result may cost and lose. All that are given hold. */
export interface Budget {
  /** Of the emitted `.wasm`, whole. */
  readonly bytes?: number;
  /** Median of one inference on this host, inputs and results copied, in milliseconds. */
  readonly latencyMs?: number;
  /** Multiply-accumulates of the weights that are left. */
  readonly macs?: number;
  /** Points lost on held-out samples: of accuracy with labels, of answers equal to the dense network's without. */
  readonly drop?: number;
}

export interface PruneOptions {
  /** Share of zeros among the weights of the layers that are pruned, 0 … 1. By default 0.3, with samples 0.8, with labels 0.9. */
  readonly sparsity?: number;
  /** Instead of `sparsity`: every weight of smaller magnitude goes. */
  readonly threshold?: number;
  /**
   * Instead of `sparsity`: as little is lost as these limits allow, every layer cut as far as pays. Where rules decide all layers, as
   * `layers` of the recorded options do, nothing is sought.
   */
  readonly budget?: Budget;
  /** `auto`, the default: second order where there are samples, magnitude otherwise. */
  readonly method?: Method | 'auto';
  /** How zeros are shared among layers; `lamp` by default. `sensitivity` is measured on `data`. */
  readonly allocation?: Allocation;
  readonly granularity?: Granularity;
  readonly layers?: readonly LayerRule[];
  /** Samples to calibrate on and, with labels, to learn from. */
  readonly data?: PruneData;
  /** At most so many of `data` are used for calibration; 1,024 by default. */
  readonly calibration?: number;
  /**
   * Of few samples that are images, slight variations of each are calibrated on as well, where that takes no longer than minutes;
   * training varies images every time and, where there are no labels, mixes samples in pairs. `false`: the samples as they are.
   */
  readonly vary?: boolean;
  /** For the reported agreement and accuracy, and for nothing else; by default a part of `data`, where that is large. */
  readonly evaluation?: PruneData;
  /** `false`: none; by default with labels only. */
  readonly finetune?: FinetuneSettings | boolean;
  readonly seed?: number;
  /** Of tfjs. */
  readonly backend?: BackendName;
}

/** Options with every choice made: they mean the same when a default has changed. */
export interface SettledOptions extends PruneOptions {
  readonly method: Method | 'auto';
  /** Absent with a budget. */
  readonly allocation?: Allocation;
  readonly granularity: Granularity;
  readonly layers: readonly LayerRule[];
  readonly finetune: SettledFinetune | false;
  readonly seed: number;
}

export interface FinetuneSettings {
  /** Over the samples; by default 8, more of few samples: about 600 steps. */
  readonly epochs?: number;
  /** Of Adam, falling to 0 as a cosine; by default 1e-3 for `fixed`, 2e-3 for `gradual`. */
  readonly lr?: number;
  /** 64 by default. */
  readonly batch?: number;
  /**
   * `fixed`, the default: the masks of the one-shot pruning stay; `gradual`: starting from the dense network, the smallest
   * weights go during the first half of the steps.
   */
  readonly schedule?: 'gradual' | 'fixed';
  readonly optimizer?: OptimizerName;
  /** Weight of the inner layers' distance from the dense network's, beside that of the answers; 0 by default. */
  readonly features?: number;
  readonly weightDecay?: number;
  readonly l1?: number;
  readonly l2?: number;
  /** Stop after so many validations (one an epoch) without a better one. */
  readonly patience?: number;
  /** Instead of the slight variations of images. */
  readonly augment?: Augment;
}

export type SettledFinetune = FinetuneSettings & Required<Omit<FinetuneSettings, 'patience' | 'augment'>>;

/**
 * What is safe to ask for when nothing was asked for. Without data, 0.3 by magnitude takes 0.7 points from the ResNet-8 of
 * `examples/fashion` and 0.5 from its MobileNet; 0.7 takes 43 and 72.
 */
export const safeSparsity = { nothing: 0.3, samples: 0.8, labels: 0.9 } as const;

/** About; a few hundred samples are gone through more often. */
const fewestSteps = 600;

/** The same request in full: settling twice changes nothing. */
export function settle(o: PruneOptions): SettledOptions {
  const granularity = o.granularity ?? { kind: 'element' };
  const safe = safeSparsity[o.data?.labels ? 'labels' : o.data ? 'samples' : 'nothing'];
  const shared = o.threshold === undefined && o.budget === undefined;
  const sparsity = shared ? (o.sparsity ?? safe) : undefined;
  const samples = o.data !== undefined;
  return {
    ...o,
    sparsity,
    method: o.method ?? (samples ? 'auto' : 'magnitude'),
    allocation: o.budget === undefined ? (o.allocation ?? 'lamp') : undefined,
    granularity,
    layers: o.layers ?? [],
    calibration: samples ? (o.calibration ?? 1024) : undefined,
    vary: samples ? (o.vary ?? true) : undefined,
    finetune: settleFinetune(o, granularity),
    seed: o.seed ?? 1,
    backend: samples || o.evaluation ? (o.backend ?? 'wasm') : undefined,
  };
}

function settleFinetune(o: PruneOptions, granularity: Granularity): SettledFinetune | false {
  const wanted = o.finetune ?? o.data?.labels !== undefined;
  if (!o.data || wanted === false) return false;
  const given = wanted === true ? {} : wanted;
  const batch = given.batch ?? 64;
  // Thresholds and channels have their masks before training starts.
  const gradual = given.schedule === 'gradual' && o.threshold === undefined && granularity.kind !== 'row';
  return {
    ...given,
    epochs: given.epochs ?? Math.max(8, Math.ceil((fewestSteps * batch) / o.data.samples.length)),
    // What is fitted already needs smaller steps.
    lr: given.lr ?? (gradual ? 2e-3 : 1e-3),
    batch,
    schedule: gradual ? 'gradual' : 'fixed',
    optimizer: given.optimizer ?? 'adam',
    weightDecay: given.weightDecay ?? 0,
    features: given.features ?? 0,
    l1: given.l1 ?? 0,
    l2: given.l2 ?? 0,
  };
}

/** As `parseGranularity` reads it. */
export function granularityText(g: Granularity): string {
  switch (g.kind) {
    case 'element':
      return 'element';
    case 'row':
      return 'channel';
    case 'block':
      return `${g.rows}x${g.cols}`;
    case 'nm':
      return `${g.keep}:${g.of}`;
  }
}

/**
 * `element`, `4x1` (rows × columns), `2:4`, `channel`.
 *
 * @throws {CompileError} E_USAGE
 */
export function parseGranularity(text: string): Granularity {
  if (text === 'element') return { kind: 'element' };
  if (text === 'channel') return { kind: 'row' };
  const block = /^([1-9]\d?)x([1-9]\d?)$/.exec(text);
  if (block) return { kind: 'block', rows: Number(block[1]), cols: Number(block[2]) };
  const nm = /^([1-9]\d?):([1-9]\d?)$/.exec(text);
  if (nm && Number(nm[1]) <= Number(nm[2])) return { kind: 'nm', keep: Number(nm[1]), of: Number(nm[2]) };
  throw usage(`granularity ${JSON.stringify(text)} is unknown`, 'element, 4x1, 1x4, 2x1, 2:4 or channel');
}

/** Throws `E_USAGE` for what can't be done. */
export function checkOptions(o: PruneOptions): void {
  const share = (name: string, v: number | undefined) => {
    if (v !== undefined && !(v >= 0 && v < 1))
      throw usage(`${name} must be at least 0 and below 1, not ${v}`);
  };
  share('sparsity', o.sparsity);
  for (const r of o.layers ?? []) share(`the sparsity of ${JSON.stringify(r.pattern)}`, r.sparsity);
  if (o.threshold !== undefined && !(o.threshold >= 0))
    throw usage(`threshold must be at least 0, not ${o.threshold}`);
  if (o.threshold !== undefined && o.sparsity !== undefined) {
    throw usage('threshold and sparsity exclude each other', 'a sparsity is the safer of the two');
  }
  if (o.threshold !== undefined && o.granularity && o.granularity.kind !== 'element') {
    throw usage('a threshold is for single weights', 'leave the granularity out, or ask for a sparsity');
  }
  if (o.budget) checkBudget(o, o.budget);
  if (o.finetune && !o.data)
    throw usage('fine-tuning needs samples', 'give data, with labels if you have them');
  if (typeof o.finetune === 'object') checkFinetune(o.finetune);
  if (o.allocation === 'sensitivity' && !o.data)
    throw usage('a sensitivity is measured on samples', 'give data, or another allocation');
  if (o.allocation === 'sensitivity' && (o.granularity?.kind === 'row' || o.threshold !== undefined))
    throw usage('thresholds and channels have no sensitivity measured', 'leave the allocation out');
  const method = o.method ?? 'auto';
  if (!o.data && method !== 'auto' && method !== 'magnitude') {
    throw usage(`method ${method} needs samples`, 'give data, or use magnitude');
  }
}

function checkFinetune(f: FinetuneSettings): void {
  for (const name of ['epochs', 'lr', 'batch', 'patience'] as const) {
    const value = f[name];
    if (value !== undefined && !(value > 0 && value < Infinity))
      throw usage(`${name} must be above 0, not ${value}`);
  }
  for (const name of ['features', 'weightDecay', 'l1', 'l2'] as const) {
    const value = f[name];
    if (value !== undefined && !(value >= 0 && value < Infinity))
      throw usage(`${name} must be at least 0, not ${value}`);
  }
}

function checkBudget(o: PruneOptions, { bytes, latencyMs, macs, drop }: Budget): void {
  const limits = Object.entries({ bytes, latencyMs, macs, drop }).filter(([, v]) => v !== undefined);
  if (limits.length === 0) throw usage('a budget has no limit', 'bytes, latencyMs, macs or drop');
  for (const [name, v] of limits) {
    const least = name === 'drop' ? 0 : Number.MIN_VALUE;
    if (!(v! >= least && v! < Number.POSITIVE_INFINITY))
      throw usage(`the budget of ${name} must be ${name === 'drop' ? 'at least' : 'above'} 0, not ${v}`);
  }
  if (o.sparsity !== undefined || o.threshold !== undefined)
    throw usage(
      'a budget and a sparsity or threshold exclude each other',
      'sparsities of single layers may be given',
    );
  if (o.allocation !== undefined) throw usage('a budget shares zeros out itself', 'leave the allocation out');
  if (o.granularity?.kind === 'row')
    throw usage('a budget is for single weights, blocks and N:M', 'ask for a sparsity of channels');
  if (drop !== undefined && !o.data) throw usage('a drop is measured on samples', 'give data');
}
