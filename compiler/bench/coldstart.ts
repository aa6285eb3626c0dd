import { spawn } from 'node:child_process';
import { median } from 'd3-array';
import { toolchain } from '../errors.ts';
import { medianInterval } from './stats.ts';
import type { ColdStart } from './types.ts';

/** A module that produces its first result and then prints one line of JSON, `{"ms": …, "rss": …}`: see `printResult`. */
export interface ColdVariant {
  readonly name: string;
  /** Path of the module, or `node` options in `args` alone. */
  readonly module?: string;
  readonly args?: readonly string[];
}

export interface ColdStartOptions {
  /** Processes of each variant; one more of each runs before, to fill the file cache. */
  readonly rounds?: number;
  readonly seed?: number;
  readonly timeoutMs?: number;
  /** A command that every process is started through, with its arguments. */
  readonly through?: readonly string[];
  readonly onRound?: (share: number) => void;
}

export interface ColdStarts {
  readonly variants: readonly (ColdStart & { readonly name: string })[];
  /** A process that does nothing. */
  readonly empty: ColdStart;
}

/**
 * JavaScript that prints what a cold-start program must at its end: `ms`, an expression, and the peak of its resident memory.
 * Linux counts the memory of the parent in `maxRSS`: /proc knows better.
 */
export const printResult = (ms: string): string => `let rss = process.resourceUsage().maxRSS * 1024;
try {
  const { readFileSync } = process.getBuiltinModule?.('node:fs') ?? (await import('node:fs'));
  rss = Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
} catch {}
console.log(JSON.stringify({ ms: ${ms}, rss }));
`;

const emptyProcess: ColdVariant = {
  name: 'empty Node',
  args: ['--input-type=module', '--eval', printResult('0')],
};

/** Starts each variant in fresh Node processes, one at a time, alternating in an order that rotates. */
export async function coldStart(
  variants: readonly ColdVariant[],
  options: ColdStartOptions = {},
): Promise<ColdStarts> {
  const { rounds = 9, seed = 1, timeoutMs = 60_000, through = [], onRound } = options;
  const all = [emptyProcess, ...variants];
  const runs: Run[][] = all.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (let k = 0; k < all.length; k++) {
      const i = (k + round + 1) % all.length;
      const run = await runOnce(all[i], through, timeoutMs);
      if (round >= 0) runs[i].push(run);
    }
    onRound?.((round + 2) / (rounds + 1));
  }
  const [empty, ...rest] = runs.map((of) => summarizeRuns(of, seed));
  return { empty, variants: rest.map((start, i) => ({ name: variants[i].name, ...start })) };
}

interface Run {
  readonly ms: number;
  readonly rss: number;
  readonly wall: number;
}

function summarizeRuns(runs: readonly Run[], seed: number): ColdStart {
  const samples = runs.map((r) => r.ms);
  return {
    median: median(samples)!,
    interval: medianInterval(samples, seed),
    wall: median(runs, (r) => r.wall)!,
    rss: median(runs, (r) => r.rss)!,
    samples,
  };
}

function runOnce(
  { name, module, args = [] }: ColdVariant,
  through: readonly string[],
  timeoutMs: number,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const own = module === undefined ? args : [module, ...args];
    const [command, ...argv] = [...through, process.execPath, ...own];
    const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.on('error', (error) => reject(toolchain(`cold start of ${name}: ${error.message}`)));
    child.on('close', (status, signal) => {
      const wall = performance.now() - start;
      const result = status === 0 ? parseResult(out) : undefined;
      if (result) resolve({ ...result, wall });
      else reject(toolchain(`cold start of ${name} ${failure(status, signal)}`, err.trim().slice(-2000)));
    });
  });
}

function failure(status: number | null, signal: string | null): string {
  if (status === 0) return 'printed no {"ms", "rss"} line';
  return signal === null ? `ended with status ${status}` : `was ended by ${signal}`;
}

function parseResult(out: string): { ms: number; rss: number } | undefined {
  const line = out.trimEnd().split('\n').at(-1)!;
  try {
    const { ms, rss } = JSON.parse(line);
    return Number.isFinite(ms) && Number.isFinite(rss) ? { ms, rss } : undefined;
  } catch {
    return undefined;
  }
}
