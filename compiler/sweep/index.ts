/** Sweeps: a grid of prunings, done in parallel, gone on with after an interruption, split over machines and joined. */
import { cpSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { machineFacts } from '../bench/machine.ts';
import { ioFailed, usage } from '../errors.ts';
import { readMetadata } from '../link/metadata.ts';
import type { Objective } from '../plan/select.ts';
import { noProgress, type Progress } from '../progress.ts';
import type { LayerSensitivity } from '../prune/index.ts';
import { pointsOf, shardOf } from './grid.ts';
import { type Job, openBench } from './job.ts';
import { type Timed, timeAll } from './latency.ts';
import { type PoolOptions, runAll } from './pool.ts';
import { frontierOf, isFound, recommend } from './recommend.ts';
import { refuseOther, Store } from './store.ts';
import type { Built, Plan, PointResult, SweepResult, SweepSpec } from './types.ts';

export interface ReportOptions {
  /** `measured`, the default, times all modules when all points are done; `predicted` goes by the cost model. */
  readonly latency?: 'measured' | 'predicted';
  /** Points of a hundred that the recommended point may lose; 1 by default. */
  readonly maxDrop?: number;
  /** What is recommended by; `speed` by default. */
  readonly goal?: Objective;
  readonly seed?: number;
  readonly progress?: Progress;
}

export type SweepOptions = Partial<PoolOptions> & ReportOptions;

/** As many processes as there are cores, where memory is enough for them. */
export const defaultJobs = (): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / bytesOfProcess)));

const bytesOfProcess = 1.5e9;

/**
 * Runs what is not done yet of a sweep, or of its shard, in `folder`. Undefined where the signal ended it, and for a shard:
 * `mergeSweeps` joins them.
 *
 * @throws {CompileError} E_USAGE where the folder holds another sweep, or without samples; E_TOOLCHAIN where pieces fail.
 */
export async function sweep(
  spec: SweepSpec,
  folder: string,
  options: SweepOptions = {},
): Promise<SweepResult | undefined> {
  const { jobs = defaultJobs(), progress, signal, worker } = options;
  const points = pointsOf(spec.grid);
  const bench = await openBench(spec);
  const store = new Store(folder);
  const plan: Plan = { sweep: 1, identity: bench.identity, grid: spec.grid, shard: spec.shard };
  store.open(plan);
  const once: Job[] = [
    { kind: 'dense', id: 'dense' },
    ...(spec.shard.index === 1 ? [{ kind: 'sensitivity', id: 'sensitivity' } as const] : []),
  ];
  const mine = shardOf(points, spec.shard).map((point): Job => ({ kind: 'point', id: point.id, point }));
  await runAll(bench, store, [...once, ...mine], { jobs, progress, signal, worker });
  if (signal?.aborted || spec.shard.count > 1) return undefined;
  return report(store, plan, options);
}

/**
 * Joins the shards of one sweep into `folder`.
 *
 * @throws {CompileError} E_USAGE for shards of different sweeps, missing, repeated and unfinished ones.
 */
export async function mergeSweeps(
  folders: readonly string[],
  folder: string,
  options: ReportOptions = {},
): Promise<SweepResult> {
  const shards = folders.map((name) => {
    const store = new Store(name);
    const plan = store.plan();
    if (!plan) throw usage(`${name} holds no sweep`);
    return { name, store, plan };
  });
  const [first] = shards;
  if (!first) throw usage('there is no sweep to merge');
  const { count } = first.plan.shard;
  const seen = new Map<number, string>();
  for (const { name, store, plan } of shards) {
    const { index } = plan.shard;
    refuseMixed(name, first.plan, plan);
    if (seen.has(index)) throw usage(`${seen.get(index)} and ${name} are the same shard ${index}/${count}`);
    seen.set(index, name);
    const open = shardOf(pointsOf(plan.grid), plan.shard).filter((p) => store.result(p.id) === undefined);
    if (open.length > 0) throw usage(`${name} is not finished: ${open.length} points are missing`);
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((i) => !seen.has(i));
  if (missing.length > 0)
    throw usage(`shards are missing: ${missing.map((i) => `${i}/${count}`).join(', ')}`);
  const plan: Plan = { ...first.plan, shard: { index: 1, count: 1 } };
  const store = new Store(folder);
  store.open(plan);
  for (const { name } of shards) {
    try {
      cpSync(join(name, 'done'), join(folder, 'done'), { recursive: true });
    } catch (error) {
      throw ioFailed((error as Error).message, { file: name });
    }
  }
  return report(store, plan, options);
}

function refuseMixed(name: string, a: Plan, b: Plan): void {
  const whole = { index: 1, count: 1 };
  refuseOther(name, { ...a, shard: whole }, { ...b, shard: whole });
  if (a.shard.count !== b.shard.count || JSON.stringify(a.grid) !== JSON.stringify(b.grid))
    throw usage(`${name} is a shard of another sweep`, 'all shards must be given the same grid and number');
}

/** Everything that is done of a plan as one result, times measured where they are to be. */
async function report(store: Store, plan: Plan, options: ReportOptions): Promise<SweepResult> {
  const { latency = 'measured', maxDrop = 1, goal = 'speed', seed = 1, progress = noProgress } = options;
  const results = pointsOf(plan.grid).map((p) => store.result<PointResult>(p.id)!);
  const found = results.filter(isFound);
  const ids = found.map((p) => p.id);
  const timed = latency === 'measured' ? await timesOf(store, ids, seed, progress) : undefined;
  const points = results.map((p) => ({ ...p, latency: timed?.points[p.id] }));
  const accuracy = found.find((p) => p.denseAccuracy !== undefined)?.denseAccuracy;
  const dense = { ...store.result<Built>('dense')!, accuracy, latency: timed?.dense };
  const best = frontierOf(points);
  return {
    sweep: 1,
    name: readMetadata(store.wasm('dense')!).name,
    identity: plan.identity,
    machine: await machineFacts(packages),
    metric: accuracy === undefined ? 'agreement with the dense model' : 'top-1 accuracy',
    dense,
    points: points.map((p) => ({ ...p, pareto: best.has(p.id) })),
    sensitivity: store.result<LayerSensitivity[]>('sensitivity') ?? [],
    recommendation: recommend(points, dense, maxDrop, goal),
    notes: [
      ...new Set(results.flatMap((p) => p.notes ?? [])),
      ...results.flatMap((p) => (p.error === undefined ? [] : [`${p.id}: ${p.error}`])),
    ],
  };
}

const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'assemblyscript', 'espalier'];

/** Kept, so that the same command again doesn't measure again; measured anew when points have come. */
async function timesOf(
  store: Store,
  ids: readonly string[],
  seed: number,
  progress: Progress,
): Promise<Timed | undefined> {
  const kept = store.result<Timed>('times');
  if (kept && ids.every((id) => kept.points[id])) return kept;
  const timed = await timeAll(store, ids, seed, progress);
  if (timed) store.keep('times', { result: timed });
  return timed;
}

export { defaultGrid, type Grid, parseShard, type Shard } from './grid.ts';
export type { PointResult, Recommendation, SharedOptions, SweepResult, SweepSpec } from './types.ts';
