/** Writes sets of files so that an interruption leaves the old files or the new ones, never halves. */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CompileError, ioFailed } from '../errors.ts';

/**
 * Writes all files beside their targets under temporary names, then renames them in the given order: put the file that names
 * the others last. Paths are relative to `dir`. Throws `E_IO`; then nothing of the temporary files is left.
 */
export function writeFiles(dir: string, files: ReadonlyMap<string, Uint8Array | string>): void {
  const moves: { from: string; to: string }[] = [];
  try {
    for (const [path, content] of files) {
      const to = join(dir, path);
      const from = `${to}.${randomUUID().slice(0, 8)}.tmp`;
      mkdirSync(dirname(to), { recursive: true });
      moves.push({ from, to });
      writeWhole(from, typeof content === 'string' ? new TextEncoder().encode(content) : content);
    }
    for (const { from, to } of moves) renameSync(from, to);
  } catch (error) {
    for (const { from } of moves) rmSync(from, { force: true });
    if (error instanceof CompileError) throw error;
    throw ioFailed((error as Error).message, { file: dir });
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, 'wx');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
