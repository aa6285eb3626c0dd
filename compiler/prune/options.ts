/** What pruning can be asked for. */
import { usage } from '../errors.ts';
import type { PruneData } from './data.ts';
import type { AllocationPolicy } from './math/allocate.ts';
import type { Granularity } from './math/problem.ts';
import type { Method } from './math/prunelayer.ts';
import type { BackendName } from './train/backend.ts';
import type { Augment } from './train/data.ts';
import type { OptimizerName } from './train/optimizer.ts';

/** A rule for the layers whose names fit; `*` stands for any characters. Without `sparsity` or `keep`: lifts the protection. */
export interface LayerRule {
  readonly pattern: string;
  /** Share of zeros, instead of what the allocation gives. */
  readonly sparsity?: number;
  /** Leave it alone. */
  readonly keep?: boolean;
}

export interface PruneOptions {
  /** Share of zeros among the weights of the layers that are pruned, 0 … 1. By default 0.3, with samples 0.8, with labels 0.9. */
  readonly sparsity?: number;
  /** Instead of `sparsity`: every weight of smaller magnitude goes. */
  readonly threshold?: number;
  /** `auto`, the default: second order where there are samples, magnitude otherwise. */
  readonly method?: Method | 'auto';
  /** How zeros are shared among layers; `lamp` by default. */
  readonly allocation?: AllocationPolicy;
  readonly granularity?: Granularity;
  readonly layers?: readonly LayerRule[];
  /** Samples to calibrate on and, with labels, to learn from. */
  readonly data?: PruneData;
  /** At most so many of `data` are used for calibration; 1,024 by default. */
  readonly calibration?: number;
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
  readonly allocation: AllocationPolicy;
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
  readonly weightDecay?: number;
  readonly l1?: number;
  readonly l2?: number;
  /** Stop after so many validations (one an epoch) without a better one. */
  readonly patience?: number;
  readonly augment?: Augment;
}

export type SettledFinetune = FinetuneSettings & Required<Omit<FinetuneSettings, 'patience' | 'augment'>>;

/**
 * What is safe to ask for when nothing was asked for. Without data, magnitude alone takes a point from a small ResNet at 0.3, and
 * fifteen at 0.5.
 */
export const safeSparsity = { nothing: 0.3, samples: 0.8, labels: 0.9 } as const;

/** About; a few hundred samples are gone through more often. */
const fewestSteps = 600;

/** The same request in full: settling twice changes nothing. */
export function settle(o: PruneOptions): SettledOptions {
  const granularity = o.granularity ?? { kind: 'element' };
  const safe = safeSparsity[o.data?.labels ? 'labels' : o.data ? 'samples' : 'nothing'];
  const sparsity = o.threshold === undefined ? (o.sparsity ?? safe) : undefined;
  const samples = o.data !== undefined;
  return {
    ...o,
    sparsity,
    method: o.method ?? (samples ? 'auto' : 'magnitude'),
    allocation: o.allocation ?? 'lamp',
    granularity,
    layers: o.layers ?? [],
    calibration: samples ? (o.calibration ?? 1024) : undefined,
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
  if (o.finetune && !o.data)
    throw usage('fine-tuning needs samples', 'give data, with labels if you have them');
  if (typeof o.finetune === 'object') checkFinetune(o.finetune);
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
  for (const name of ['weightDecay', 'l1', 'l2'] as const) {
    const value = f[name];
    if (value !== undefined && !(value >= 0 && value < Infinity))
      throw usage(`${name} must be at least 0, not ${value}`);
  }
}
