/** Opens a trained model of any format. */
import { createHash } from 'node:crypto';
import { badFormat, usage } from '../errors.ts';
import { type FileLimits, type FileRecord, ModelFiles } from './files.ts';
import graphModel from './graph-model.ts';
import { kerasHdf5, kerasZip } from './keras-file.ts';
import onnx from './onnx.ts';
import type { Model, Reader, ReadOptions } from './read.ts';
import tfjsLayers from './tfjs-layers.ts';
import tflite from './tflite.ts';

// biome-ignore format: one format, one line
const readers: readonly Reader[] = [
  tfjsLayers,
  graphModel,
  tflite,
  kerasHdf5,
  kerasZip,
  onnx,
];

export interface ReadModelOptions extends ReadOptions {
  readonly limits?: Partial<FileLimits>;
}

export interface ImportedModel extends Model {
  /** Name of the reader. */
  readonly format: string;
  /** What was read, the model file first. */
  readonly files: readonly FileRecord[];
  /** SHA-256 over names and contents of all files read. */
  readonly hash: string;
}

/**
 * `source` is the path of a model file (or of a folder with `model.json`), or the files themselves by name. Throws
 * `CompileError` and nothing else, whatever the files hold.
 */
export async function readModel(
  source: string | Readonly<Record<string, Uint8Array>> | ModelFiles,
  options: ReadModelOptions = {},
): Promise<ImportedModel> {
  const files = openModel(source, options.limits);
  const reader = readers.find((r) => r.detect(files));
  if (!reader) throw badFormat('is in no format that espalier reads', { file: files.main });
  if (!reader.fixes && Object.keys(options.fixed ?? {}).length > 0)
    throw usage(`inputs of a ${reader.name} can't be fixed, only those of an ONNX model`);
  const model = await reader.read(files, options);
  return { ...model, format: reader.name, files: files.used, hash: hashOf(files.used) };
}

function openModel(
  source: string | Readonly<Record<string, Uint8Array>> | ModelFiles,
  limits?: Partial<FileLimits>,
): ModelFiles {
  if (source instanceof ModelFiles) return source;
  return typeof source === 'string'
    ? ModelFiles.fromDisk(source, limits)
    : ModelFiles.fromMemory(source, undefined, limits);
}

function hashOf(files: readonly FileRecord[]): string {
  const hash = createHash('sha256');
  for (const f of files) hash.update(`${f.path}\0${f.sha256}\n`);
  return hash.digest('hex');
}

export { type FileLimits, type FileRecord, ModelFiles } from './files.ts';
export type { Model, Reader, ReadOptions } from './read.ts';
