/** Writes sets of files so that an interruption, at any moment, leaves the old files or the new ones, never halves. */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CompileError, ioFailed } from '../errors.ts';

type Contents = ReadonlyMap<string, Uint8Array | string>;

/**
 * A folder that is new, or holds nothing but what is written anew, is made aside and put in place by a rename: it is whole or,
 * for an instant, not there. Beside other files each file is renamed by itself, in the given order: put the one that names the
 * others last. Everything is on the disk before it takes its name. Paths are relative to `dir`. Throws `E_IO`; then nothing
 * of what was written aside is left. What an earlier process left, that was killed, goes.
 */
export function writeFiles(dir: string, files: Contents): void {
  try {
    clearStale(dirname(resolve(dir)), basename(resolve(dir)));
    if (files.size > 1 && isOurs(dir, files) && replaceFolder(dir, files)) return;
    replaceEach(dir, files);
  } catch (error) {
    if (error instanceof CompileError) throw error;
    throw ioFailed((error as Error).message, { file: dir });
  }
}

const aside = (path: string) => `${path}.espalier-${process.pid}-${randomUUID().slice(0, 8)}`;
const asideName = /\.espalier-(\d+)-[0-9a-f]{8}(\.old)?$/;

/** True where it is absent, or a folder that nobody stands in, of which every file is to be written. */
function isOurs(dir: string, files: Contents): boolean {
  const found = statOf(dir);
  if (!found) return true;
  if (!found.isDirectory() || `${process.cwd()}${sep}`.startsWith(resolve(dir) + sep)) return false;
  const folders = new Set([...files.keys()].flatMap(parents));
  const covered = (inside: string): boolean =>
    readdirSync(join(dir, inside), { withFileTypes: true }).every((entry) => {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory()) return folders.has(path) && covered(path);
      return entry.isFile() && (files.has(path) || asideName.test(path));
    });
  return covered('');
}

/** `a/b/c` → `a`, `a/b` */
const parents = (path: string): string[] =>
  path.split('/').flatMap((_, i, all) => (i === 0 ? [] : [all.slice(0, i).join('/')]));

/** False where the system doesn't let the folder be renamed. */
function replaceFolder(dir: string, files: Contents): boolean {
  const to = resolve(dir);
  const fresh = aside(to);
  const old = `${fresh}.old`;
  try {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeWhole(join(fresh, path), content);
    }
    const before = statOf(to);
    if (before) chmodSync(fresh, before.mode);
    for (const folder of new Set([...files.keys()].flatMap(parents))) flushFolder(join(fresh, folder));
    flushFolder(fresh);
    try {
      if (before) renameSync(to, old);
      renameSync(fresh, to);
    } catch (error) {
      if (before && !statOf(to) && statOf(old)) renameSync(old, to);
      if (['EBUSY', 'EXDEV', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
        return false;
      throw error;
    }
    flushFolder(dirname(to));
    return true;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

function replaceEach(dir: string, files: Contents): void {
  const moves: { from: string; to: string }[] = [];
  try {
    for (const [path, content] of files) {
      const to = join(dir, path);
      mkdirSync(dirname(to), { recursive: true });
      const from = aside(to);
      moves.push({ from, to });
      writeWhole(from, content);
    }
    for (const { from, to } of moves) renameSync(from, to);
    for (const folder of new Set(moves.map(({ to }) => dirname(to)))) {
      flushFolder(folder);
      clearStale(folder);
    }
  } catch (error) {
    for (const { from } of moves) rmSync(from, { force: true });
    throw error;
  }
}

function writeWhole(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const fd = openSync(path, 'wx');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts the names in a folder on the disk, where the system has a way to. */
function flushFolder(path: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (!['EPERM', 'EISDIR', 'EINVAL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Removes what processes that are gone have left aside in `folder`, of `name` or of anything. */
function clearStale(folder: string, name = ''): void {
  if (!statOf(folder)?.isDirectory()) return;
  for (const entry of readdirSync(folder)) {
    const [, pid] = asideName.exec(entry) ?? [];
    if (pid !== undefined && entry.startsWith(name) && !isAlive(Number(pid)))
      rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const statOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });
