import { assert } from '../errors.ts';
import { pairedRatio, type Ratio, type Summary, summarize } from './stats.ts';

export interface Task {
  readonly name: string;
  run(): void | Promise<void>;
}

export interface CompareOptions {
  /** At least so many samples of each task. */
  readonly minRounds?: number;
  /** At least so long measured for each task. */
  readonly minTimeMs?: number;
  /** Run before anything counts, for each task. */
  readonly warmupMs?: number;
  /** Of the bootstrap. */
  readonly seed?: number;
  /** Name of the task that the others are held against; the first by default. */
  readonly baseline?: string;
  /** Called after every round with the share done, 0 to 1. */
  readonly onRound?: (share: number) => void;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
  /**
   * Takes as long as the processor is busy with others (`loadProbe`). Where given, it runs between samples, and rounds in which it took
   * longer than in the quiet are left out; where the machine is never quiet, the quietest stay.
   */
  readonly probe?: () => number;
}

export interface TaskResult extends Summary {
  readonly name: string;
  /** Calls behind the last sample; a sample is their mean. */
  readonly inner: number;
  /** Milliseconds per call, in order of the rounds. */
  readonly samples: readonly number[];
  /** Time of the baseline divided by the time of this task; above one is faster. */
  readonly speedup: Ratio;
}

/** A sample lasts at least so long, far above the resolution and the cost of the clock. */
const minSampleMs = 1;

/** Of the least time of the probe: up to here a round is quiet. */
const quiet = 1.1;
/** For so many times the rounds that are asked for, quiet ones are waited for. */
const patience = 6;

/**
 * Times tasks against each other. Rounds run every task once, in an order that rotates, so that drift, caches and frequency
 * steps of the machine fall on all alike; microsecond tasks are repeated within a sample.
 */
export async function compare(tasks: readonly Task[], options: CompareOptions = {}): Promise<TaskResult[]> {
  const { minRounds = 20, minTimeMs = 500, warmupMs = 100, seed = 1, onRound, probe = () => 1 } = options;
  const clock = options.clock ?? (() => performance.now());
  const baseline = options.baseline === undefined ? 0 : tasks.findIndex((t) => t.name === options.baseline);
  assert(baseline >= 0, `no task is named ${options.baseline}`);
  if (tasks.length === 0) return [];

  const inner: number[] = [];
  for (const task of tasks) inner.push(await warmUp(task, warmupMs, clock));

  const samples: number[][] = tasks.map(() => []);
  const spent = tasks.map(() => 0);
  const loads: number[] = [];
  const ended = (rounds: number) =>
    rounds >= minRounds &&
    Math.min(...spent) >= minTimeMs &&
    (quietRounds(loads).length >= minRounds || rounds >= patience * minRounds);
  for (let round = 0; !ended(round); round++) {
    let load = probe();
    for (let k = 0; k < tasks.length; k++) {
      const i = (k + round) % tasks.length;
      const ms = await time(tasks[i], inner[i], clock);
      load = Math.max(load, probe());
      spent[i] += ms;
      samples[i].push(ms / inner[i]);
      // A host that stood still during the warm-up made the task look slow; short samples would then go on for ever.
      if (ms < minSampleMs / 2) inner[i] *= 2;
    }
    loads.push(load);
    onRound?.(Math.min(1, (round + 1) / minRounds, Math.min(...spent) / minTimeMs));
  }

  const kept = quietRounds(loads, minRounds);
  const own = samples.map((list) => kept.map((round) => list[round]));
  return tasks.map(({ name }, i) => ({
    name,
    inner: inner[i],
    samples: own[i],
    ...summarize(own[i]),
    speedup: pairedRatio(own[baseline], own[i], seed),
  }));
}

/** Rounds, in order, in which the machine was left alone; at least so many, the quietest of all. */
function quietRounds(loads: readonly number[], atLeast = 0): number[] {
  const quietest = [...loads.keys()].sort((a, b) => loads[a] - loads[b]);
  const limit = quiet * loads[quietest[0]];
  return quietest.filter((round, rank) => rank < atLeast || loads[round] <= limit).sort((a, b) => a - b);
}

/** Runs a task until it is warm; answers how many calls fill a sample. */
async function warmUp(task: Task, warmupMs: number, clock: () => number): Promise<number> {
  const end = clock() + warmupMs;
  let calls = 1;
  for (;;) {
    const ms = await time(task, calls, clock);
    if (ms < minSampleMs)
      calls = Math.min(calls * 2, Math.ceil((calls * 1.2 * minSampleMs) / Math.max(ms, 1e-3)));
    else if (clock() >= end) return Math.max(1, Math.ceil((calls * minSampleMs) / ms));
  }
}

/** Milliseconds of so many calls, one after the other. Only tasks that return a promise pay for one. */
async function time(task: Task, calls: number, clock: () => number): Promise<number> {
  const start = clock();
  for (let i = 0; i < calls; i++) {
    const pending = task.run();
    if (pending !== undefined) await pending;
  }
  return clock() - start;
}
