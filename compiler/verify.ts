/** Holds a module against the source model and against the dense build of the same weights. */
import { Agreement, type AgreementFacts, type Tolerance, within } from './agreement.ts';
import { verifyFailed } from './errors.ts';
import { instantiate } from './instance.ts';
import { portsOf } from './ir/graph.ts';
import { sizeOf } from './ir/tensor.ts';
import { type Metadata, readMetadata } from './link/metadata.ts';
import type { Model } from './model.ts';
import type { VerifyOptions } from './options.ts';
import { emit } from './pipeline.ts';
import { noProgress } from './progress.ts';
import { oneStep, referenceOf, sameWeights } from './reference/index.ts';
import { randomSamples, type Sample } from './samples.ts';

export interface Comparison extends AgreementFacts {
  /** `dense build of the same weights`, `source model (tfjs, wasm backend)`; what ran it is in the brackets */
  readonly against: string;
  readonly inputs: 'supplied' | 'random';
  /** Absent where the difference is only reported: pruning means to change results. */
  readonly tolerance?: Tolerance;
  readonly ok: boolean;
}

export interface Verification {
  readonly ok: boolean;
  readonly comparisons: readonly Comparison[];
}

/**
 * Runs `wasm` on supplied samples and on seeded random ones. A module of pruned weights is held strictly to the dense build of
 * those weights, and loosely, by `maxError`, to the source.
 *
 * @throws {CompileError} E_FORMAT, E_VERIFY where the module is not made from this model.
 */
export async function verify(
  model: Model,
  wasm: Uint8Array<ArrayBuffer>,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { seed = 1, maxError, progress = noProgress } = options;
  const metadata = readMetadata(wasm);
  checkPorts(model, metadata);
  const module = await instantiate(wasm, metadata);
  // A module may have been made from other weights than those at hand: then its own dense build is out of reach.
  const mine =
    metadata.source === model.source.hash &&
    JSON.stringify(metadata.options.pruning) === JSON.stringify(model.pruning?.options);
  const changed = !mine || model.pruning !== undefined;
  const sets: [Comparison['inputs'], readonly Sample[]][] = [
    ['supplied', options.samples ?? []],
    ['random', randomSamples(metadata.inputs, options.random ?? defaultCount(metadata), seed)],
  ];

  const dense = await emit(model.graph, { build: metadata.build as 'simd', sparse: false }, progress);
  const control = await instantiate(dense.wasm, dense.metadata);
  const own = metadata.outputs.every((y) => y.dtype === 'float32') ? sameWeights : oneStep;
  const source = await referenceOf(model.source, { backend: options.backend });
  const references = [
    ...(mine
      ? [
          {
            against: 'dense build of the same weights',
            run: async (x: Sample) => control.run(x),
            tolerance: own,
          },
        ]
      : []),
    {
      against: `source model (${source.title})`,
      run: source.run,
      tolerance:
        maxError !== undefined
          ? { relL2: Number.POSITIVE_INFINITY, maxRel: maxError }
          : changed
            ? undefined
            : source.tolerance,
    },
  ];
  try {
    const comparisons: Comparison[] = [];
    for (const { against, run, tolerance } of references) {
      for (const [inputs, samples] of sets) {
        if (samples.length === 0) continue;
        const stage = progress.stage(`verify against the ${against}`, samples.length);
        const agreement = new Agreement();
        for (const [i, sample] of samples.entries()) {
          agreement.add(await run(sample), module.run(sample));
          stage.update(i + 1);
        }
        stage.done();
        const facts = agreement.facts();
        const ok = tolerance ? within(facts, tolerance) : Number.isFinite(facts.maxAbs);
        comparisons.push({ against, inputs, ...facts, tolerance, ok });
      }
    }
    return { ok: comparisons.every((c) => c.ok), comparisons };
  } finally {
    source.dispose();
  }
}

/** A second or so of work: many samples for small models, a few for large ones. */
function defaultCount({ layers }: Metadata): number {
  const macs = layers.reduce((n, l) => n + l.macs, 0);
  return Math.min(1000, Math.max(8, Math.floor(2e9 / Math.max(1, macs))));
}

function checkPorts({ graph }: Model, metadata: Metadata): void {
  const pairs = [
    [graph.inputs, metadata.inputs],
    [graph.outputs, metadata.outputs],
  ] as const;
  for (const [ports, infos] of pairs) {
    const same =
      ports.length === infos.length &&
      portsOf(graph, ports).every(({ name, dtype, shape }, i) => {
        return name === infos[i].name && dtype === infos[i].dtype && sizeOf(shape) === sizeOf(infos[i].shape);
      });
    if (!same)
      throw verifyFailed(
        'the module has other inputs or outputs than the model: it is made from another one',
      );
  }
}
