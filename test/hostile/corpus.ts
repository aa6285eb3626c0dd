/**
 * A corpus of hostile models runs in a process of its own, with little memory: each must end in its error code within 5 s, and the
 * process in 512 MB. The models are written to disk first, so that what makes them counts for nothing.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../compiler/errors.ts';
import type { Files } from '../import/models.ts';

/** `none`: a sound model, which must be read. */
export type Corpus = Readonly<
  Record<string, readonly [code: ErrorCode | 'none', files: Files | (() => Files)]>
>;

export interface StoredCase {
  readonly name: string;
  /** Path in the model, path on disk. */
  readonly files: readonly (readonly [string, string])[];
}

export interface Outcome {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly length: number;
  readonly ms: number;
}

const limits = { ms: 5000, bytes: 512 * 2 ** 20, message: 20_000, cases: 60 };

/** Tests of one corpus; `format` is named in them. */
export function hostile(format: string, corpus: Corpus): void {
  describe(`${format}: corpus`, () => {
    let outcomes: ReadonlyMap<string, Outcome>;
    let peak = Number.NaN;
    beforeAll(async () => {
      ({ outcomes, peak } = await outcomesOf(corpus));
    });

    test.each(Object.entries(corpus).map(([name, [code]]) => [name, code] as const))(
      '%s: %s',
      (name, code) => {
        const found = outcomes.get(name);
        expect(found, 'the process ended before').toBeDefined();
        expect(`${found!.code}: ${found!.message}`).toMatch(new RegExp(`^${code}:`));
        expect(found!.ms).toBeLessThan(limits.ms);
        expect(found!.length).toBeLessThan(limits.message);
      },
    );

    test(`${limits.cases} cases or more, all in 512 MB`, () => {
      expect(Object.values(corpus).filter(([code]) => code !== 'none').length).toBeGreaterThanOrEqual(
        limits.cases,
      );
      expect(peak).toBeLessThan(limits.bytes);
    });
  });
}

async function outcomesOf(corpus: Corpus): Promise<{ outcomes: Map<string, Outcome>; peak: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-corpus-'));
  const root = new URL('../..', import.meta.url).pathname;
  // Inside the project, where packages are found.
  const child = join(root, '.espalier', `hostile-${process.pid}-${folder.slice(-6)}.mjs`);
  try {
    mkdirSync(join(root, '.espalier'), { recursive: true });
    await build({
      entryPoints: [join(root, 'test/hostile/child.ts')],
      outfile: child,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    });
    const index = join(folder, 'index.json');
    writeFileSync(index, JSON.stringify(store(corpus, folder)));
    return await watch(child, index);
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(child, { force: true });
  }
}

function store(corpus: Corpus, folder: string): StoredCase[] {
  let count = 0;
  return Object.entries(corpus).map(([name, [, made]]) => ({
    name,
    files: Object.entries(typeof made === 'function' ? made() : made).map(([path, bytes]) => {
      const blob = join(folder, `${count++}.bin`);
      writeFileSync(blob, bytes);
      return [path, blob];
    }),
  }));
}

/** A case that takes too long, or kills the process, has no outcome, and neither have those behind it. */
function watch(child: string, index: string): Promise<{ outcomes: Map<string, Outcome>; peak: number }> {
  const heap = `--max-old-space-size=${limits.bytes / 2 ** 20}`;
  const run = spawn(process.execPath, [heap, '--disable-proto=throw', child, index], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const outcomes = new Map<string, Outcome>();
  let peak = Number.NaN;
  let rest = '';
  const stop = () => run.kill('SIGKILL');
  let timer = setTimeout(stop, 4 * limits.ms);
  run.stdout.setEncoding('utf8').on('data', (text: string) => {
    clearTimeout(timer);
    timer = setTimeout(stop, 4 * limits.ms);
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const said = JSON.parse(line);
      if (said.peak) peak = said.peak;
      else if (said.code) outcomes.set(said.name, said);
    }
  });
  return new Promise((resolve) =>
    run.on('close', () => {
      clearTimeout(timer);
      resolve({ outcomes, peak });
    }),
  );
}
