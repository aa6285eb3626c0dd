/**
 * What a benchmark run found, as plain data: `--json` prints it, the tables and the HTML page render it. Times are in
 * milliseconds unless the name ends in `Ns`; sizes are bytes; shares and sparsities are fractions of one.
 */

import type { Interval, Ratio } from './stats.ts';

export interface BenchReport {
  readonly schema: 1;
  readonly model: ModelFacts;
  readonly machine: MachineFacts;
  /** The options of the run, as given. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** In the order of the tables. The first of kind `reference` is what `speedup` is taken against. */
  readonly variants: readonly Variant[];
  /** The dense model file with the pruned weights zeroed: what a download would save without a compiler. */
  readonly zeroedDense?: SizeSet;
  /** An empty Node process: the part of every cold start that is not ours. */
  readonly emptyProcess?: ColdStart;
  readonly layers: readonly LayerFacts[];
  /** Measured trade-offs, where a sweep was made. */
  readonly sweep?: Sweep;
  readonly notes: readonly string[];
}

export interface ModelFacts {
  readonly name: string;
  /** SHA-256 of the source model. */
  readonly hash: string;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly params: number;
}

export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: number;
  readonly os: string;
  /** `Node 20.20.2, V8 11.3` */
  readonly engine: string;
  /** Package name → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** The command line that made this report. */
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly peak?: MachinePeak;
}

/** What one thread of this machine reaches in 128-bit wasm SIMD. */
export interface MachinePeak {
  /** 10⁹ f32 multiply-adds a second. */
  readonly gmacs: number;
  /** 10⁹ bytes a second, loaded from L1 by v128 loads. */
  readonly l1GBs: number;
}

export type VariantKind = 'reference' | 'dense' | 'sparse';

export interface Variant {
  readonly id: string;
  readonly title: string;
  readonly kind: VariantKind;
  readonly latency?: Latency;
  readonly coldStart?: ColdStart;
  readonly size?: SizeSet;
  /** Bytes of linear memory. */
  readonly peakMemory?: number;
  readonly accuracy?: { readonly top1: number; readonly n: number };
  /** Against the dense original. */
  readonly agreement?: Agreement;
}

export interface Latency {
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  /** Calls behind one sample. */
  readonly inner: number;
  readonly samples: readonly number[];
  /** Time of the reference divided by the time of this variant; above one is faster. */
  readonly speedup?: Ratio;
}

/** Bytes to first result in a fresh process. */
export interface ColdStart {
  readonly median: number;
  readonly interval: Interval;
  /** Whole life of the process. */
  readonly wall: number;
  /** Peak resident bytes of the process. */
  readonly rss: number;
  readonly samples: readonly number[];
}

export interface SizeSet {
  readonly files: readonly FileSize[];
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

export interface FileSize {
  readonly name: string;
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

export interface Agreement {
  readonly maxAbs: number;
  readonly meanAbs: number;
  readonly relL2: number;
  readonly top1Agreement: number;
  readonly n: number;
}

export interface LayerFacts {
  readonly name: string;
  readonly op: string;
  readonly form: string;
  readonly shape: readonly number[];
  readonly format: string;
  readonly kernel: string;
  /** Why this format and kernel. */
  readonly reason: string;
  readonly rows: number;
  readonly cols: number;
  readonly nnz: number;
  readonly sparsity: number;
  readonly bytes: number;
  readonly denseBytes: number;
  /** Multiply-adds of the surviving weights. */
  readonly macs: number;
  readonly predictedNs?: number;
  readonly measuredNs?: number;
}

export interface Sweep {
  /** `top-1 accuracy`, `agreement with the dense model`: the name of the vertical axis. */
  readonly metric: string;
  /** The metric of the dense model. */
  readonly dense?: number;
  readonly points: readonly SweepPoint[];
}

export interface SweepPoint {
  /** `ALPS · element`: points of one method make one line. */
  readonly method: string;
  readonly sparsity: number;
  readonly accuracy: number;
  /** Interval over seeds. */
  readonly interval?: Interval;
  readonly bytes?: number;
  readonly latency?: number;
  /** The point that espalier recommends. */
  readonly chosen?: boolean;
}
