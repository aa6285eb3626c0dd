/**
 * Tuning: the kernels between which a layer chooses are timed on this host, instead of asking the cost model. Times are kept in a
 * record, by case; layers of one shape and about one density are one case. A build from a record that knows all its cases
 * measures nothing, and the same record gives the same bytes.
 */
import os from 'node:os';
import { z } from 'zod';
import { type Call, type KernelMachine, kernelMachine, roomFor } from './bench/kernel-machine.ts';
import { compare } from './bench/runner.ts';
import { badFormat, toolchain } from './errors.ts';
import {
  type Build,
  type LinearCase,
  type LinearKernel,
  type LinearTiming,
  linearCase,
  linearPairs,
  mostBytes,
} from './kernels.ts';
import type { TuningRecord } from './options.ts';
import { type KernelStep, kernelSteps } from './plan/select.ts';
import type { Staged } from './plan/stage.ts';
import { tileBytes, tiled } from './plan/tiling.ts';
import type { Progress } from './progress.ts';
import type { Matrix } from './sparse/format.ts';
import { formats } from './sparse/index.ts';

/** Samples of each kernel, and how long each is measured at least. */
const effort = { minRounds: 9, minTimeMs: 20, warmupMs: 10 };

const version = 1;

/**
 * `known` with the cases of the plan that it lacked, measured now.
 *
 * @throws {CompileError} E_TOOLCHAIN where this host can't run the build.
 */
export async function tune(
  staged: Staged,
  build: Build,
  known: TuningRecord | undefined,
  progress: Progress,
): Promise<TuningRecord> {
  const record = known ?? { version, cpu: os.cpus()[0]?.model.trim() || os.arch(), ns: {} };
  const open = new Map(
    kernelSteps(staged, { build, objective: 'speed', sparse: true })
      .map((step) => problemOf(step))
      .map((p) => [p.tasks.map((t) => t.key).join(), p] as const)
      .filter(([, p]) => p.tasks.some((t) => record.ns[t.key] === undefined)),
  );
  if (open.size === 0) return record;
  const problems = [...open.values()];
  const kernels = new Set(problems.flatMap((p) => p.tasks.map((t) => t.kernel)));
  const machine = await machineFor(build, [...kernels], Math.max(...problems.map(bytesOf)));
  const ns: Record<string, number> = { ...record.ns };
  const stage = progress.stage('tune', problems.length);
  for (const [i, p] of problems.entries()) {
    stage.update(i, `${p.c.rows} × ${p.c.cols}`);
    for (const [key, time] of await measure(machine, p)) ns[key] ??= time;
  }
  stage.done();
  const sorted = Object.entries(ns).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...record, ns: Object.fromEntries(sorted) };
}

/** What was measured; kernels that can't be chosen were not, and count as endless. */
export const timingOf =
  ({ ns }: TuningRecord): LinearTiming =>
  (kernel, c, blocks) =>
    ns[keyOf(kernel, c, blocks)] ?? Number.POSITIVE_INFINITY;

export const tuningSchema = z.strictObject({
  version: z.literal(version),
  cpu: z.string(),
  ns: z.record(z.string(), z.number().positive()),
}) satisfies z.ZodType<TuningRecord>;

/** Throws `E_FORMAT` where the text is no record. */
export function readTuning(text: string, file: string): TuningRecord {
  try {
    return tuningSchema.parse(JSON.parse(text));
  } catch {
    throw badFormat('holds no tuning record', { file }, 'delete the file to measure anew');
  }
}

interface Problem {
  readonly c: LinearCase;
  readonly matrix: Matrix;
  readonly offsets: Int32Array;
  readonly tasks: readonly { readonly key: string; readonly kernel: LinearKernel }[];
}

/** The candidates of a step: every kernel whose format may be chosen by its bytes. */
function problemOf({ geometry, problem, matrices: [matrix] }: KernelStep): Problem {
  const { offsets } = geometry;
  const c = linearCase(matrix, offsets, problem);
  const pairs = linearPairs(matrix, offsets, c);
  const tasks = pairs
    .filter((p) => p.bytes <= mostBytes(pairs[0].bytes))
    .flatMap(({ kernels, blocks }) => kernels.map((kernel) => ({ key: keyOf(kernel, c, blocks), kernel })));
  return { c, matrix, offsets, tasks };
}

function keyOf(kernel: LinearKernel, c: LinearCase, blocks: number): string {
  const share = (blocks / Math.max(1, c.rows * c.cols)).toPrecision(2);
  const zeros = c.zeros > 0 ? ` ${c.zeros} zeros` : '';
  const pixels = c.width < c.pixels ? `${c.pixels}/${c.width}` : c.pixels;
  return `${c.build} ${kernel.name} ${c.rows}x${c.cols}x${pixels} ${c.yRow} ${share}${zeros}`;
}

const ends = (offsets: Int32Array) => ({
  low: offsets.reduce((a, b) => Math.min(a, b), 0),
  high: offsets.reduce((a, b) => Math.max(a, b), 0),
});

const inputFloats = (p: Problem) => {
  const { low, high } = ends(p.offsets);
  return (high - low) / 4 + p.c.pixels;
};
const outputFloats = ({ c }: Problem) => Math.ceil((c.rows * c.yRow) / 4) + c.pixels;

function bytesOf(p: Problem): number {
  const arrays = [...new Map(p.tasks.map(({ kernel }) => [shared(kernel), kernel])).values()].flatMap(
    (kernel) =>
      partsOf(p, kernel).flatMap(({ packed, tile }) => [
        ...Object.values(packed.arrays).map((a) => a.byteLength),
        ...(tile ? [tileBytes(tile)] : []),
      ]),
  );
  const floats = [inputFloats(p), outputFloats(p), p.c.rows];
  return [...floats.map((n) => 4 * n), ...arrays].reduce((sum, n) => sum + roomFor(n), 0);
}

/** Kernels of one key read the same packed arrays. */
const shared = ({ format, ownLines, walks }: LinearKernel): string => `${format} ${ownLines} ${walks}`;

const partsOf = ({ matrix, offsets, c }: Problem, kernel: LinearKernel) =>
  tiled(matrix, offsets, c, { kernel, blocks: formats[kernel.format].count(matrix) });

async function machineFor(
  build: Build,
  kernels: readonly LinearKernel[],
  bytes: number,
): Promise<KernelMachine> {
  try {
    return await kernelMachine(build, kernels, bytes);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw toolchain(`this host can't run the ${build} build`, 'tune with a newer Node, or leave --tune out');
  }
}

/** Median nanoseconds of each candidate, all alternating. */
async function measure(m: KernelMachine, p: Problem): Promise<[key: string, ns: number][]> {
  m.reset();
  const { c, offsets } = p;
  const args = {
    x: m.random(inputFloats(p), c.zeros) - ends(offsets).low,
    y: m.random(outputFloats(p)),
    bias: m.random(c.rows),
    rows: c.rows,
    cols: c.cols,
    pixels: c.pixels,
    width: c.width,
    pitch: c.pitch,
    yRow: c.yRow,
    e0: 0,
    e1: 0,
  };
  const placed = new Map<string, Call[]>();
  const runs = p.tasks.map(({ key, kernel }) => {
    const calls = placed.get(shared(kernel)) ?? m.place(partsOf(p, kernel), args);
    placed.set(shared(kernel), calls);
    return { name: key, run: m.task(kernel, calls) };
  });
  const results = await compare(runs, effort);
  return results.map((r) => [r.name, Number((r.median * 1e6).toPrecision(4))]);
}
