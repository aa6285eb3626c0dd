/** The same graph gives the same bytes: twice in one process, and in processes with other surroundings. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emit } from '../compiler/pipeline.ts';
import { networks } from './random/grow.ts';

const root = resolve(import.meta.dirname, '..');
const seeds = [8];
const script = `
  import { createHash } from 'node:crypto';
  import { emit } from './compiler/pipeline.ts';
  import { networks } from './test/random/grow.ts';
  const { wasm } = await emit(networks([${seeds}]).graph);
  console.log(createHash('sha256').update(wasm).digest('hex'));
`;

// Beside the sources: the compiler finds its runtime from where it lies, and its packages in node_modules.
const bundle = join(root, 'compiler', `.determinism-${process.pid}.mjs`);
let away: string;

beforeAll(async () => {
  away = mkdtempSync(join(tmpdir(), 'espalier-'));
  await build({
    stdin: { contents: script, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: bundle,
    logLevel: 'silent',
  });
});

afterAll(() => {
  rmSync(bundle, { force: true });
  rmSync(away, { recursive: true, force: true });
});

const hashIn = (cwd: string, env: Record<string, string>) =>
  execFileSync(process.execPath, [bundle], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  }).trim();

test('bytes depend on graph and options alone', async () => {
  const hash = async (name?: string) => {
    const { wasm } = await emit(networks(seeds).graph, { name });
    return createHash('sha256').update(wasm).digest('hex');
  };
  const first = await hash();
  expect(hashIn(root, { TZ: 'UTC', LANG: 'C', HOME: root })).toBe(first);
  expect(hashIn(away, { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', HOME: away })).toBe(first);
  expect(await hash('other')).not.toBe(first);
}, 180_000);
