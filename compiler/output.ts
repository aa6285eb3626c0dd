/** Puts what the compiler made on disk: all of it or nothing. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Files } from '../targets/index.ts';
import { writeFiles } from './import/write-files.ts';

/** What `manifest.json` adds to sizes and hashes. */
export type ManifestFacts = Readonly<Record<string, unknown>>;

/**
 * Writes the files and, last, `manifest.json` with their sizes and SHA-256: a folder whose manifest agrees is whole.
 * Everything is written aside, flushed and renamed. Throws `E_IO`.
 */
export function writeOutput(folder: string, files: Files, facts: ManifestFacts): void {
  writeFiles(folder, new Map([...files, ['manifest.json', manifest(files, facts)]]));
}

function manifest(files: Files, facts: ManifestFacts): string {
  const entries = [...files].map(([name, content]) => {
    const bytes = Buffer.from(content as Uint8Array);
    return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  return `${JSON.stringify({ ...facts, files: entries }, null, 2)}\n`;
}

/** A folder for the time of `use`; it goes away when the process is told to end, too. */
export async function withTemporary<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
