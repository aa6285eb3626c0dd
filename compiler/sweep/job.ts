/** The work of a sweep, piece by piece: one point, the dense build, or the sensitivities. */

import { measureSize, shipped } from '../bench/size.ts';
import type { Samples } from '../data/index.ts';
import { badData, CompileError, usage } from '../errors.ts';
import { type Compiled, compile, load, prune, readSamples, version } from '../index.ts';
import type { Model } from '../model.ts';
import { parseGranularity, sensitivities, settle } from '../prune/index.ts';
import { fingerprint, recordable } from '../record.ts';
import type { Point } from './grid.ts';
import type { Built, Identity, PointResult, SweepSpec } from './types.ts';

export type Job =
  | { readonly kind: 'point'; readonly id: string; readonly point: Point }
  | { readonly kind: 'dense' | 'sensitivity'; readonly id: string };

export interface Done {
  /** What is kept of it, as JSON. */
  readonly result: object;
  readonly wasm?: Uint8Array;
}

/** A sweep's model and data in memory. */
export interface Bench {
  readonly spec: SweepSpec;
  readonly model: Model;
  readonly data?: Samples;
  readonly evaluation?: Samples;
  readonly identity: Identity;
}

/** Throws as `load` and `readSamples` do, `E_USAGE` without any samples. */
export async function openBench(spec: SweepSpec): Promise<Bench> {
  const { model: source, data, evaluation } = spec.sources;
  if (!data && !evaluation)
    throw usage('a sweep needs samples to tell its points apart', 'give --calibrate, --data or --evaluation');
  const { shapes, allowNonfinite } = source;
  const model = await load(source.path, { shapes, allowNonfinite });
  const read = async (of: typeof data) => of && readSamples(model, of);
  const samples = { data: await read(data), evaluation: await read(evaluation) };
  const { sparsity: _, ...settled } = settle({ ...spec.prune, ...samples });
  const {
    data: dataHash,
    evaluation: evaluationHash,
    ...options
  } = recordable({ ...settled, ...spec.compile });
  const identity: Identity = {
    espalier: version(),
    model: model.source.hash,
    data: String(dataHash ?? ''),
    evaluation: String(evaluationHash ?? ''),
    options: fingerprint(options),
  };
  return { spec, model, ...samples, identity };
}

export async function runJob(bench: Bench, job: Job): Promise<Done> {
  switch (job.kind) {
    case 'point':
      return runPoint(bench, job.point);
    case 'dense': {
      const { model, spec } = bench;
      const compiled = await compile(model, { ...spec.compile, sparse: false });
      return { result: await builtFacts(compiled), wasm: compiled.wasm };
    }
    case 'sensitivity': {
      const { model, spec, data, evaluation } = bench;
      if (!data) return { result: [] };
      return { result: await sensitivities(model.graph, { ...spec.prune, data, evaluation }) };
    }
  }
}

async function runPoint({ model, spec, data, evaluation }: Bench, point: Point): Promise<Done> {
  const start = performance.now();
  const { sparsity, method, granularity, allocation } = point;
  try {
    const pruned = await prune(model, {
      ...spec.prune,
      sparsity,
      // Without samples there is but one.
      method: data ? method : 'magnitude',
      granularity: parseGranularity(granularity),
      allocation,
      data,
      evaluation,
    });
    const compiled = await compile(pruned, spec.compile);
    const { agreement, sparsity: zeros, notes } = pruned.pruning!.report!;
    if (!agreement) throw badData('there are too few samples to judge the result on');
    const result: PointResult = {
      ...point,
      ...(await builtFacts(compiled)),
      zeros: zeros.pruned,
      accuracy: agreement.accuracy,
      agreement: agreement.top1,
      denseAccuracy: agreement.denseAccuracy,
      n: agreement.n,
      notes,
      seconds: (performance.now() - start) / 1000,
    };
    return { result, wasm: compiled.wasm };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { result: { ...point, error: error.message } satisfies PointResult };
  }
}

async function builtFacts({ wasm, files, metadata }: Compiled): Promise<Built> {
  const { brotli } = await measureSize(shipped(files));
  return {
    bytes: wasm.length,
    brotli,
    predictedNs: metadata.layers.reduce((n, l) => n + l.predictedNs, 0),
  };
}
