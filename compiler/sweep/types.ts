/** What a sweep does and finds, as plain data. Times are in milliseconds unless the name ends in `Ns`. */
import type { Ratio } from '../bench/stats.ts';
import type { MachineFacts } from '../bench/types.ts';
import type { CompileOptions } from '../options.ts';
import type { LayerSensitivity, PruneOptions } from '../prune/index.ts';
import type { RunSources } from '../recipe.ts';
import type { Grid, Point, Shard } from './grid.ts';

/** Options that all points share. */
export type SharedOptions = Omit<
  PruneOptions,
  'data' | 'evaluation' | 'sparsity' | 'threshold' | 'budget' | 'method' | 'granularity' | 'allocation'
>;

export interface SweepSpec {
  readonly sources: RunSources;
  readonly prune: SharedOptions;
  readonly compile: Pick<CompileOptions, 'simd' | 'optimize'>;
  readonly grid: Grid;
  readonly shard: Shard;
}

/** What must be the same for two runs to be of one sweep. */
export interface Identity {
  readonly espalier: string;
  readonly model: string;
  readonly data: string;
  readonly evaluation: string;
  readonly options: string;
}

/** The file that makes a folder the folder of a sweep. */
export interface Plan {
  readonly sweep: 1;
  readonly identity: Identity;
  readonly grid: Grid;
  readonly shard: Shard;
}

/** How a module was found to be. */
export interface Built {
  /** Bytes of the module, and of all that ships in brotli. */
  readonly bytes: number;
  readonly brotli: number;
  /** Of the layers with weights, by the cost model. */
  readonly predictedNs: number;
}

export interface PointResult extends Point, Partial<Built> {
  /** Why there is no result. */
  readonly error?: string;
  /** Share of zeros in pruned layers. */
  readonly zeros?: number;
  readonly accuracy?: number;
  readonly agreement?: number;
  readonly denseAccuracy?: number;
  /** Samples behind accuracy and agreement. */
  readonly n?: number;
  readonly notes?: readonly string[];
  readonly seconds?: number;
  readonly latency?: Latency;
}

export interface Latency {
  readonly median: number;
  /** Time of the dense build over the time of this. */
  readonly speedup: Ratio;
}

export interface Recommendation {
  /** Id of the point; absent where none holds the limit or pays. */
  readonly point?: string;
  readonly text: string;
}

export interface SweepResult {
  readonly sweep: 1;
  readonly name: string;
  readonly identity: Identity;
  readonly machine: MachineFacts;
  /** `top-1 accuracy` with labels, `agreement with the dense model` without. */
  readonly metric: string;
  readonly dense: Built & { readonly accuracy?: number; readonly latency?: number };
  /** With `pareto`: no other is at least as good in metric, bytes and time, and better in one. */
  readonly points: readonly (PointResult & { readonly pareto: boolean })[];
  readonly sensitivity: readonly LayerSensitivity[];
  readonly recommendation: Recommendation;
  readonly notes: readonly string[];
}
