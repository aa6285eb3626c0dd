/**
 * espalier from a program: `load`, `prune`, `compile`, `verify`, `bench`. Nothing here writes a file; whatever is wrong with
 * what comes in is a `CompileError`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Files, safeName } from '../targets/index.ts';
import type { BenchReport } from './bench/types.ts';
import type { SampleSource, Samples } from './data/index.ts';
import { ModelFiles } from './import/index.ts';
import { portsOf } from './ir/graph.ts';
import type { BuildReport } from './link/metadata.ts';
import type { Model } from './model.ts';
import {
  type BenchOptions,
  buildOf,
  type CompileOptions,
  type FollowOptions,
  type LoadOptions,
  type PruneModelOptions,
  type TuningRecord,
  type VerifyOptions,
} from './options.ts';
import { packageRoot } from './package-root.ts';
import { cut, type Emitted, emit, open, pack } from './pipeline.ts';
import type { Staged } from './plan/stage.ts';
import { noProgress } from './progress.ts';
import type { Followed, RunSources } from './recipe.ts';
import type { Verification } from './verify.ts';

export interface Compiled {
  /** Contents by file name. */
  readonly files: Files;
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly metadata: BuildReport;
  readonly functions: Emitted['functions'];
  /** With `tune`: what was measured, for the next build. */
  readonly tuning?: TuningRecord;
}

/**
 * Reads a model: the path of its file or folder, or its files by name.
 *
 * @throws {CompileError} E_UNSUPPORTED (`UnsupportedError`, with the whole list), E_FORMAT, E_TRUNCATED, E_SHAPE, E_GRAPH,
 * E_NONFINITE, E_PATH, E_LIMIT, E_NAME, E_IO.
 */
export async function load(
  source: string | Readonly<Record<string, Uint8Array>>,
  options: LoadOptions = {},
): Promise<Model> {
  const files =
    typeof source === 'string'
      ? ModelFiles.fromDisk(source, options.limits)
      : ModelFiles.fromMemory(source, undefined, options.limits);
  return open(files, options, options.progress);
}

/**
 * A model of the same shape whose weights are zero where pruned; `pruning.report` says what was done.
 *
 * @throws {CompileError} E_USAGE, E_DATA; E_BUDGET where a budget can't be met.
 */
export async function prune(model: Model, options: PruneModelOptions): Promise<Model> {
  const { progress, signal, checkpoint, compile: counted = {}, ...rest } = options;
  const { budget } = rest;
  const context = { progress, signal, checkpoint };
  if (!budget) return cut(model, rest, context);
  const { pruneWithin } = await import('./budget/index.ts');
  const build = (m: Model, sparse: boolean) => compile(m, { ...counted, sparse, progress });
  const how = { build: buildOf(counted.simd), objective: counted.optimize ?? 'speed' };
  return pruneWithin(model, { ...rest, budget }, build, how, context);
}

/**
 * Compiles to one WebAssembly module and the files of a target. The same model and options give the same bytes.
 *
 * @throws {CompileError} E_TOOLCHAIN where asc fails, or where this host can't run what is to be tuned.
 */
export async function compile(model: Model, options: CompileOptions = {}): Promise<Compiled> {
  const { optimize = 'speed', sparse = true, target = 'esm' } = options;
  const build = buildOf(options.simd);
  const name = safeName(options.name ?? model.name);
  let tuning: TuningRecord | undefined;
  const tuned = async (staged: Staged) => {
    const { timingOf, tune } = await import('./tune.ts');
    const known = typeof options.tune === 'object' ? options.tune : undefined;
    tuning = await tune(staged, build, known, options.progress ?? noProgress);
    return timingOf(tuning);
  };
  const emitted = await emit(
    model.graph,
    {
      build,
      objective: optimize,
      sparse,
      tune: options.tune ? tuned : undefined,
      profile: options.profile,
      text: options.emitWat,
      name: options.name ?? model.name,
      compilerVersion: version(),
      sourceHash: model.source.hash,
      recorded: {
        simd: build,
        optimize,
        sparse,
        tune: options.tune ? true : undefined,
        pruning: model.pruning?.options,
      },
    },
    options.progress,
  );
  const { wasm, metadata, functions } = emitted;
  const files = new Map([
    ...pack(name, emitted, target),
    ...(options.emitSource ? [[`${name}.as.ts`, emitted.source] as const] : []),
    ...(options.emitWat ? [[`${name}.wat`, emitted.wat!] as const] : []),
  ]);
  return { files, wasm, metadata, functions, tuning };
}

/**
 * Runs a module on supplied and on seeded random samples: against the dense build of the same weights, strictly, and against
 * the source model, by `maxError` where the weights have changed.
 *
 * @throws {CompileError} E_FORMAT, E_VERIFY where the module has other inputs or outputs than the model.
 */
export async function verify(
  model: Model,
  wasm: Uint8Array<ArrayBuffer>,
  options: VerifyOptions = {},
): Promise<Verification> {
  return (await import('./verify.ts')).verify(model, wasm, options);
}

/**
 * Times the original, the dense build of the original weights and the build of the model as it is now, in turn, in one process.
 *
 * @throws {CompileError} E_DATA where labels and samples differ in number.
 */
export async function bench(model: Model, options: BenchOptions = {}): Promise<BenchReport> {
  return (await import('./benchmark.ts')).bench(model, options);
}

/**
 * Repeats the run that a recipe describes: loads, prunes and, where the recipe goes that far, compiles.
 *
 * @throws {CompileError} E_FORMAT for a malformed recipe, E_DATA where model or data are others than it was made with, E_USAGE where
 * its data come from a program, unless `allowCode`.
 */
export async function followRecipe(path: string, options: FollowOptions = {}): Promise<Followed> {
  return (await import('./recipe.ts')).follow(path, options);
}

/** The recipe of a pruned model as YAML, to be kept in `folder`; `compile` are the options it was compiled with. */
export async function recipeOf(
  pruned: Model,
  compile: CompileOptions | undefined,
  sources: RunSources,
  folder: string,
): Promise<string> {
  return (await import('./recipe.ts')).recipeText(pruned, compile, sources, folder);
}

/** Samples as `prune`, `verify` and `bench` take them, from a file, a folder of images or a module. */
export async function readSamples(model: Model, source: SampleSource): Promise<Samples> {
  const { readSamples } = await import('./data/index.ts');
  return readSamples(portsOf(model.graph, model.graph.inputs), source);
}

/** Of espalier. */
export const version = (): string =>
  JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version;

export type { Tolerance } from './agreement.ts';
export type { BenchReport } from './bench/types.ts';
export type { ImageOptions, SampleSource, Samples } from './data/index.ts';
export {
  CompileError,
  type ErrorCode,
  InternalError,
  type Place,
  UnsupportedError,
} from './errors.ts';
export {
  type BuildReport,
  type Metadata,
  type PortInfo,
  readMetadata,
  type StoredLayer,
} from './link/metadata.ts';
export type { Model, Pruning, Source } from './model.ts';
export type {
  BenchOptions,
  CompileOptions,
  FollowOptions,
  LoadOptions,
  PruneModelOptions,
  TuningRecord,
  VerifyOptions,
} from './options.ts';
export type { Progress, Stage } from './progress.ts';
export type { Budget, CheckpointOptions, LayerRule, PruneOptions, PruneReport } from './prune/index.ts';
export { parseGranularity } from './prune/options.ts';
export type { Followed, RunSources } from './recipe.ts';
export type { Comparison, Verification } from './verify.ts';
