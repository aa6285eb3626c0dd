/** The options of the programmatic interface; the command line has the same, in kebab case. */
import type { TargetName } from '../targets/index.ts';
import type { FileLimits, ReadOptions } from './import/index.ts';
import type { Build } from './kernels.ts';
import type { Objective } from './plan/select.ts';
import type { Progress } from './progress.ts';
import type { CheckpointOptions, PruneOptions } from './prune/index.ts';
import type { BackendName } from './prune/train/backend.ts';
import type { Sample } from './samples.ts';

export interface LoadOptions extends ReadOptions {
  readonly limits?: Partial<FileLimits>;
  readonly progress?: Progress;
}

export interface PruneModelOptions extends PruneOptions {
  readonly progress?: Progress;
  /** Ends fine-tuning early; the best so far is kept. */
  readonly signal?: AbortSignal;
  /** Where fine-tuning keeps its state, so that it can be gone on with. */
  readonly checkpoint?: CheckpointOptions;
  /** How the modules that a budget counts are compiled. */
  readonly compile?: Pick<CompileOptions, 'name' | 'simd' | 'optimize'>;
}

export interface FollowOptions extends Pick<PruneModelOptions, 'progress' | 'signal' | 'checkpoint'> {
  /** Run the module that the recipe takes its data from, where it does. */
  readonly allowCode?: boolean;
}

/** Times of kernels on one host. */
export interface TuningRecord {
  /** Of the layout of the record. */
  readonly version: 1;
  /** Where it was measured. */
  readonly cpu: string;
  /** Nanoseconds by case. */
  readonly ns: Readonly<Record<string, number>>;
}

export interface CompileOptions {
  /** Of the files; the model's own name by default. */
  readonly name?: string;
  /** `esm` by default: a module and a loader beside it; `inline`: both in one file. */
  readonly target?: TargetName;
  /** `auto`, the default, is `simd`. `scalar` runs everywhere, `relaxed` needs a host with relaxed SIMD. */
  readonly simd?: 'auto' | Build;
  /** What formats are chosen by; `speed` by default. */
  readonly optimize?: Objective;
  /** `false` stores every weight, zero or not: the control build. */
  readonly sparse?: boolean;
  /**
   * Times the kernels between which a layer chooses on this host, instead of asking the cost model. With a record of an earlier
   * build, only what it lacks is measured; the same record gives the same bytes.
   */
  readonly tune?: boolean | TuningRecord;
  /** Export a function for every step, for profiles. */
  readonly profile?: boolean;
  /** Add the generated AssemblyScript to the files. */
  readonly emitSource?: boolean;
  /** Add the module as WebAssembly text, without its weights. */
  readonly emitWat?: boolean;
  readonly progress?: Progress;
}

export interface VerifyOptions {
  /** The user's inputs. */
  readonly samples?: readonly Sample[];
  /** How many random inputs; by default 8 to 1,000 by the size of the model. */
  readonly random?: number;
  readonly seed?: number;
  /** Largest error against the source model, relative to its largest output; a pruned model has none by default. */
  readonly maxError?: number;
  /** Of tfjs. */
  readonly backend?: BackendName;
  readonly progress?: Progress;
}

export interface BenchOptions {
  /** The user's inputs; seeded noise otherwise. */
  readonly samples?: readonly Sample[];
  /** The class of each sample. */
  readonly labels?: Int32Array;
  /** How many random inputs where there are no samples. */
  readonly random?: number;
  readonly simd?: CompileOptions['simd'];
  readonly optimize?: Objective;
  /** Of tfjs. */
  readonly backend?: BackendName;
  /** Fresh processes for each; 0 leaves cold starts out. */
  readonly coldRounds?: number;
  /** At least so long measured for each. */
  readonly minTimeMs?: number;
  /** Time every step. */
  readonly profile?: boolean;
  readonly seed?: number;
  readonly progress?: Progress;
}

/** The build that is asked for. */
export const buildOf = (simd: CompileOptions['simd'] = 'auto'): Build => (simd === 'auto' ? 'simd' : simd);
