/** Killed at any moment, a run leaves nothing, or a whole output: the old one or the new one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeFiles } from '../../compiler/import/write-files.ts';
import { random } from '../../compiler/ir/random.ts';
import { save, seedWeights, tf } from '../import/models.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'espalier-kill-'));
const at = (...path: string[]) => join(folder, ...path);
// Beside the sources: the compiler finds its runtime from where it lies, and its packages in node_modules.
const bundle = (name: string) => join(root, 'compiler', `.kill-${name}-${process.pid}.mjs`);

/** Writes one of two sets of files over and over, large enough to be caught at it. */
const writer = `
  import { writeFiles } from './compiler/import/write-files.ts';
  const [dir] = process.argv.slice(2);
  const set = (mark) => new Map(['a.bin', 'sub/b.bin', 'c.json'].map((n) => [n, mark.repeat(50_000)]));
  console.log('ready');
  for (let i = 0; ; i++) writeFiles(dir, set(i % 2 ? 'x' : 'y'));
`;

beforeAll(async () => {
  const common = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  } as const;
  await build({
    ...common,
    stdin: { contents: writer, resolveDir: root, loader: 'ts' },
    outfile: bundle('writer'),
  });
  await build({ ...common, entryPoints: [join(root, 'compiler/cli/main.ts')], outfile: bundle('main') });
  const net = tf.sequential({
    name: 'net',
    layers: [tf.layers.dense({ units: 60, inputShape: [50] }), tf.layers.dense({ units: 5 })],
  });
  seedWeights(net);
  mkdirSync(at('model'));
  for (const [name, bytes] of Object.entries(await save(net))) writeFileSync(at('model', name), bytes);
});

afterAll(() => {
  for (const name of ['writer', 'main']) rmSync(bundle(name), { force: true });
  rmSync(folder, { recursive: true });
});

/** Ends with the process. */
async function killed(child: ChildProcess): Promise<void> {
  const over = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await over;
}

describe('writeFiles', () => {
  test('killed at random moments leaves the old set or the new one, or nothing', async () => {
    const chance = random(7);
    const seen = new Set<string>();
    // On a busy host a writer may get nowhere within its time: then there are more trials, and longer ones.
    for (let trial = 0; trial < 12 || (seen.size < 2 && trial < 60); trial++) {
      const child = spawn(process.execPath, [bundle('writer'), at('set')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((ready) => child.stdout!.once('data', ready));
      await setTimeout(40 * (1 + trial / 12) * chance.next());
      await killed(child);
      if (!existsSync(at('set'))) {
        seen.add('nothing');
        continue;
      }
      const names = readdirSync(at('set'), { recursive: true, withFileTypes: true }).filter((e) =>
        e.isFile(),
      );
      expect(names.map((e) => e.name).sort()).toEqual(['a.bin', 'b.bin', 'c.json']);
      const contents = names.map((e) => readFileSync(join(e.parentPath, e.name), 'utf8'));
      expect(new Set(contents).size).toBe(1);
      expect(contents[0]).toHaveLength(50_000);
      seen.add(contents[0][0]);
    }
    expect(seen.size).toBeGreaterThan(1);
    // What the killed left aside goes with the next write.
    writeFiles(
      at('set'),
      new Map([
        ['a.bin', '1'],
        ['sub/b.bin', '2'],
        ['c.json', '3'],
      ]),
    );
    expect(readdirSync(folder).filter((n) => n.startsWith('set'))).toEqual(['set']);
  });

  test('leaves other files of the folder alone', () => {
    mkdirSync(at('mixed', 'own'), { recursive: true });
    writeFileSync(at('mixed', 'own', 'mine.txt'), 'mine');
    const set = (v: string) =>
      new Map([
        ['a', v],
        ['b', v],
      ]);
    writeFiles(at('mixed'), set('1'));
    writeFiles(at('mixed'), set('2'));
    expect(readdirSync(at('mixed')).sort()).toEqual(['a', 'b', 'own']);
    expect(readFileSync(at('mixed', 'own', 'mine.txt'), 'utf8')).toBe('mine');
    expect(readFileSync(at('mixed', 'a'), 'utf8')).toBe('2');
  });
});

/** Whether everything that the manifest names is there as it says; undefined without output. */
function wholeBy(out: string): boolean | undefined {
  if (!existsSync(out)) return undefined;
  const { files } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  return files.every((f: { name: string; sha256: string }) => {
    const bytes = readFileSync(join(out, f.name));
    return createHash('sha256').update(bytes).digest('hex') === f.sha256;
  });
}

describe('the command line', () => {
  /** Kills a run after `ms`, or a moment after something new lies beside the output. */
  async function killedRun(argv: string[], ms: number, beside?: string): Promise<void> {
    const child = spawn(process.execPath, [bundle('main'), ...argv], { stdio: 'ignore' });
    let ended = false;
    child.once('exit', () => (ended = true));
    const start = performance.now();
    while (!ended && performance.now() - start < ms) {
      await setTimeout(1);
      if (beside && readdirSync(folder).some((n) => n.startsWith(`${beside}.espalier-`))) break;
    }
    if (!ended) await killed(child);
  }

  test('compile leaves a whole output or none', async () => {
    const chance = random(3);
    const found: (boolean | undefined)[] = [];
    for (const [i, beside] of [undefined, 'out', undefined, 'out', 'out'].entries()) {
      const argv = ['compile', at('model'), '-o', at('out'), '--sparsity', `0.${5 + (i % 3)}`];
      await killedRun(argv, beside ? 60_000 : 300 + 1500 * chance.next(), beside);
      found.push(wholeBy(at('out')));
    }
    expect(found.every((f) => f !== false)).toBe(true);
    await killedRun(['compile', at('model'), '-o', at('out'), '--sparsity', '0.9'], 120_000);
    expect(wholeBy(at('out'))).toBe(true);
  });

  test('prune leaves a model that loads, or none', async () => {
    const { load } = await import('../../compiler/index.ts');
    const hashes = new Set<string>();
    for (const [i, beside] of [undefined, 'pruned', 'pruned'].entries()) {
      await killedRun(['prune', at('model'), '-o', at('pruned'), '--sparsity', `0.${5 + i}`], 60_000, beside);
      if (existsSync(at('pruned'))) hashes.add((await load(at('pruned'))).source.hash);
    }
    expect(hashes.size).toBeGreaterThan(0);
  });
});
