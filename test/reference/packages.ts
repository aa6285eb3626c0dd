/** Packages that stand for optional runtimes: CommonJS modules in a folder from which they are looked for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

export interface Stub {
  readonly folder: string;
  /** What the package's entry exports; it may keep a log there. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a stub keeps
  readonly exports: any;
}

/** `files` by path in the package; `index.js` is its entry. */
export function stub(name: string, files: Readonly<Record<string, string>>): Stub {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-peer-'));
  made.push(folder);
  const root = join(folder, 'node_modules', name);
  const all = { 'package.json': JSON.stringify({ name, version: '1.0.0', main: 'index.js' }), ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { folder, exports: createRequire(join(folder, 'package.json'))(name) };
}
