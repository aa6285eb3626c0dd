/** What a reference is: the source model in the hands of the runtime that it was made for. */
import type { Tolerance } from '../agreement.ts';
import type { Graph } from '../ir/graph.ts';
import type { Source } from '../model.ts';
import type { BackendName } from '../prune/train/backend.ts';
import type { Sample } from '../samples.ts';

export interface Reference {
  /** `tfjs, wasm backend` */
  readonly title: string;
  /** How far from it a right module may be. */
  readonly tolerance: Tolerance;
  /** Paths of what a page loads besides the model to run it; none where no page would. */
  readonly runtime: readonly string[];
  /** Each from the states that the model begins with. */
  run(inputs: Sample): Promise<Sample>;
  /** One prediction on inputs that are already where the runtime wants them, for timing; waits for the result. */
  prepare(inputs: Sample): () => void | Promise<void>;
  /** Bytes of the runtime's linear memory. */
  memory(): number | undefined;
  dispose(): void;
}

export interface ReferenceOptions {
  /** Of tfjs. For ONNX, `node` is onnxruntime-node, all else onnxruntime-web. */
  readonly backend?: BackendName;
  /** Folders from which optional runtimes are looked for. */
  readonly peers?: readonly string[];
}

/** Whether a run depends on those before it. */
export const isStateful = (graph: Graph) => graph.nodes.some((n) => n.attrs.stateful === true);

/** Integer arithmetic rounds at every operator, and ours at the same places. */
export const oneStep: Tolerance = {
  relL2: Number.POSITIVE_INFINITY,
  maxRel: Number.POSITIVE_INFINITY,
  maxAbs: 1,
};

/** The runtime of one format, or why it can't run this model here. */
export type ReferenceMaker = (source: Source, options: ReferenceOptions) => Promise<Reference | string>;

/** The same weights must give the same results but for the order of additions. */
export const sameWeights: Tolerance = { relL2: 1e-5, maxRel: 1e-4 };

/** Runtimes with mathematics of their own: other polynomials, half-precision weights unpacked elsewhere. */
export const otherRuntime: Tolerance = { relL2: 1e-4, maxRel: 1e-3 };
