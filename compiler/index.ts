/**
 * espalier from a program: `load`, `prune`, `compile`, `verify`, `bench`. Nothing here writes a file; whatever is wrong with
 * what comes in is a `CompileError`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Files, safeName } from '../targets/index.ts';
import { ModelFiles } from './import/index.ts';
import type { Metadata } from './link/metadata.ts';
import type { Model } from './model.ts';
import type { CompileOptions, LoadOptions } from './options.ts';
import { packageRoot } from './package-root.ts';
import { type Emitted, emit, open, pack } from './pipeline.ts';

export interface Compiled {
  /** Contents by file name. */
  readonly files: Files;
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly metadata: Metadata;
  readonly functions: Emitted['functions'];
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
 * Compiles to one WebAssembly module and the files of a target. The same model and options give the same bytes.
 *
 * @throws {CompileError} E_TOOLCHAIN where asc fails.
 */
export async function compile(model: Model, options: CompileOptions = {}): Promise<Compiled> {
  const { simd = 'auto', optimize = 'speed', sparse = true, target = 'esm' } = options;
  const build = simd === 'auto' ? 'simd' : simd;
  const name = safeName(options.name ?? model.name);
  const emitted = await emit(
    model.graph,
    {
      build,
      objective: optimize,
      sparse,
      profile: options.profile,
      text: options.emitWat,
      name: options.name ?? model.name,
      compilerVersion: version(),
      sourceHash: model.source.hash,
      recorded: { simd: build, optimize, sparse, pruning: model.pruning?.options },
    },
    options.progress,
  );
  const { wasm, metadata, functions } = emitted;
  const files = new Map([
    ...pack(name, emitted, target),
    ...(options.emitSource ? [[`${name}.as.ts`, emitted.source] as const] : []),
    ...(options.emitWat ? [[`${name}.wat`, emitted.wat!] as const] : []),
  ]);
  return { files, wasm, metadata, functions };
}

/** Of espalier. */
export const version = (): string =>
  JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version;

export {
  CompileError,
  type ErrorCode,
  InternalError,
  type Place,
  UnsupportedError,
} from './errors.ts';
export { type Metadata, type PortInfo, readMetadata } from './link/metadata.ts';
export type { Model, Pruning, Source } from './model.ts';
export type { CompileOptions, LoadOptions, VerifyOptions } from './options.ts';
export type { Progress, Stage } from './progress.ts';
export { type Comparison, type Tolerance, type Verification, verify } from './verify.ts';
