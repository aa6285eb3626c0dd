/**
 * The one way in which readers open files. A model may name further files, and only inside the folder of the model file:
 * every path is checked as text, then resolved and compared with the folder, then compared with what was opened.
 */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CompileError, ioFailed, overLimit, truncated, unsafePath, usage } from '../errors.ts';
import { type Json, parseJson } from './json.ts';

/** In bytes. */
export interface FileLimits {
  readonly fileBytes: number;
  readonly jsonBytes: number;
}

export const defaultLimits: FileLimits = { fileBytes: 2 ** 31, jsonBytes: 2 ** 28 };

export interface FileRecord {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Store {
  has(path: string): boolean;
  size(path: string): number;
  read(path: string, limit: number): Uint8Array;
}

/** The files of one model; paths are relative to the model file and use `/`. */
export class ModelFiles {
  /** Path of the model file itself. */
  readonly main: string;
  readonly #store: Store;
  readonly #limits: FileLimits;
  readonly #used = new Map<string, FileRecord>();
  readonly #json = new Map<string, Json>();

  private constructor(main: string, store: Store, limits: Partial<FileLimits>) {
    this.main = main;
    this.#store = store;
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** `path` is the model file, or a folder that holds `model.json`. Throws `E_IO`, `E_PATH`. */
  static fromDisk(path: string, limits: Partial<FileLimits> = {}): ModelFiles {
    const full = resolve(path);
    const file = guarded(basename(full), () => statSync(full)).isDirectory()
      ? join(full, 'model.json')
      : full;
    const main = basename(file);
    return new ModelFiles(main, new Folder(dirname(file), main), limits);
  }

  /** `main` is `model.json`, or the only file, unless said. Throws `E_USAGE`, `E_PATH`. */
  static fromMemory(
    files: Readonly<Record<string, Uint8Array>>,
    main?: string,
    limits: Partial<FileLimits> = {},
  ): ModelFiles {
    const map = new Map<string, Uint8Array>();
    for (const [path, bytes] of Object.entries(files)) {
      if (!(bytes instanceof Uint8Array)) throw usage(`file ${JSON.stringify(path)} is no Uint8Array`);
      map.set(normalPath(path), bytes);
    }
    const single = [...map.keys()].filter((path) => map.size === 1 || /\.(onnx|tflite|h5|keras)$/.test(path));
    const name = main ?? (single.length === 1 && !map.has('model.json') ? single[0] : 'model.json');
    if (!map.has(name)) throw usage(`no file ${JSON.stringify(name)} among ${map.size} files`);
    return new ModelFiles(name, new Memory(map), limits);
  }

  /** Throws `E_PATH` for an unsafe path. */
  has(path: string): boolean {
    return this.#store.has(normalPath(path));
  }

  /** Bytes of the file, without reading it. */
  size(path: string): number {
    return this.#store.size(normalPath(path));
  }

  /** Throws `E_PATH`, `E_LIMIT`, `E_TRUNCATED` (missing or shrinking) or `E_IO`. */
  read(path: string): Uint8Array {
    const name = normalPath(path);
    const bytes = this.#store.read(name, this.#limits.fileBytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#used.set(name, { path: name, bytes: bytes.length, sha256 });
    return bytes;
  }

  /** The parsed file, kept for the next caller. Throws as `read` does, and `E_FORMAT`. */
  json(path: string): Json {
    const name = normalPath(path);
    const known = this.#json.get(name);
    if (known !== undefined) return known;
    const size = this.size(name);
    if (size > this.#limits.jsonBytes)
      throw overLimit('JSON size in bytes', size, this.#limits.jsonBytes, { file: name });
    const value = parseJson(this.read(name), { file: name });
    this.#json.set(name, value);
    return value;
  }

  /** What was read so far, in order of first reading. */
  get used(): readonly FileRecord[] {
    return [...this.#used.values()];
  }
}

class Memory implements Store {
  readonly #files: ReadonlyMap<string, Uint8Array>;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  size(path: string): number {
    return this.#get(path).length;
  }

  read(path: string, limit: number): Uint8Array {
    const bytes = this.#get(path);
    if (bytes.length > limit) throw overLimit('file size in bytes', bytes.length, limit, { file: path });
    return bytes;
  }

  #get(path: string): Uint8Array {
    const bytes = this.#files.get(path);
    if (!bytes) throw missing(path);
    return bytes;
  }
}

class Folder implements Store {
  readonly #dir: string;
  readonly #main: string;

  constructor(dir: string, main: string) {
    this.#dir = guarded(main, () => realpathSync(dir));
    this.#main = main;
  }

  has(path: string): boolean {
    try {
      this.#locate(path);
      return true;
    } catch (error) {
      if (error instanceof CompileError && error.code === 'E_TRUNCATED') return false;
      throw error;
    }
  }

  size(path: string): number {
    return Number(this.#locate(path).stat.size);
  }

  read(path: string, limit: number): Uint8Array {
    const { real, stat } = this.#locate(path);
    return guarded(path, () => {
      const fd = openSync(
        real,
        constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
      );
      try {
        const opened = fstatSync(fd, { bigint: true });
        if (!opened.isFile() || opened.ino !== stat.ino || opened.dev !== stat.dev) {
          throw unsafePath(path, 'changed while it was opened');
        }
        const size = Number(opened.size);
        if (size > limit) throw overLimit('file size in bytes', size, limit, { file: path });
        return readWhole(fd, size, path);
      } finally {
        closeSync(fd);
      }
    });
  }

  /** The user named the model file: it may be a link. What the model names may not lead out of the folder. */
  #locate(path: string): { real: string; stat: BigIntStats } {
    return guarded(path, () => {
      const named = path === this.#main;
      const real = lookUp(path, () => realpathSync(join(this.#dir, path)), named);
      const inside = this.#dir.endsWith(sep) ? this.#dir : this.#dir + sep;
      if (!named && !real.startsWith(inside)) throw unsafePath(path, 'leads out of the folder of the model');
      const stat = lstatSync(real, { bigint: true });
      if (!stat.isFile()) throw unsafePath(path, 'is no regular file');
      if (!named && stat.nlink > 1n)
        throw unsafePath(path, 'has another name (a hard link), maybe outside the folder');
      return { real, stat };
    });
  }
}

function readWhole(fd: number, size: number, path: string): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const n = readSync(fd, bytes, at, Math.min(size - at, 2 ** 30), at);
    if (n === 0) throw truncated(`ends after ${at} of ${size} bytes`, { file: path });
    at += n;
  }
  return bytes;
}

const missing = (path: string) => truncated('the file is missing', { file: path });

/** A file that the model names and that isn't there makes the model incomplete; for the model file it is the user's path. */
function lookUp(path: string, f: () => string, named: boolean): string {
  try {
    return f();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!named && (code === 'ENOENT' || code === 'ENOTDIR')) throw missing(path);
    throw error;
  }
}

/** Errors of the file system become ours. */
function guarded<T>(path: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (error instanceof CompileError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'ELOOP') throw unsafePath(path, 'is a loop of links');
    if (code === 'ENAMETOOLONG') throw unsafePath(path.slice(0, 80), 'is too long');
    throw ioFailed(code === 'ENOENT' ? 'no such file' : message, { file: path });
  }
}

/** Names that Windows takes for devices, whatever their extension. */
const device = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/** The path without `.` segments; throws `E_PATH` unless it is a plain relative path that goes down only. */
export function normalPath(path: string): string {
  const refuse = (reason: string) => unsafePath(path.slice(0, 200), reason);
  if (path.length > 4096) throw refuse('is too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) throw refuse('holds control characters');
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) throw refuse('is a URL');
  if (path.includes('\\') || path.includes(':')) throw refuse('holds a backslash or a colon');
  if (path.startsWith('/')) throw refuse('is absolute');
  const parts = path.split('/').filter((s) => s !== '.');
  if (parts.length === 0 || parts.includes('')) throw refuse('has an empty segment');
  if (parts.includes('..')) throw refuse('goes up');
  if (parts.some((s) => device.test(s))) throw refuse('names a device');
  return parts.join('/');
}
