import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from './errors.ts';

let found: string | undefined;

/** The folder of espalier's own package.json: the compiler runs from its sources and from `dist/`. */
export function packageRoot(): string {
  if (found) return found;
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'asconfig.json'))) {
    const up = dirname(dir);
    assert(up !== dir, 'the package root is missing');
    dir = up;
  }
  found = dir;
  return dir;
}
