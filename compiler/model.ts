/** A model in the compiler: as it was read, and as it is now. */
import type { ModelFiles } from './import/index.ts';
import type { Graph } from './ir/graph.ts';
import type { PruneReport } from './prune/index.ts';

export interface Model {
  readonly name: string;
  /** What compiles: simplified, maybe pruned. */
  readonly graph: Graph;
  readonly source: Source;
  /** Present where the weights are no longer those of the source. */
  readonly pruning?: Pruning;
}

export interface Source {
  readonly files: ModelFiles;
  /** Name of the reader, `tfjs layers model`. */
  readonly format: string;
  readonly producer?: string;
  /** SHA-256 over names and contents of all files. */
  readonly hash: string;
  /** Inputs that became constants. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** As the files have it. */
  readonly graph: Graph;
}

export interface Pruning {
  /** What identifies the result, together with the source: goes into the module's metadata. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Absent where the model was pruned elsewhere. */
  readonly report?: PruneReport;
}
