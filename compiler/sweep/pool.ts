/** Does the pieces of a sweep, several at a time, in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toolchain } from '../errors.ts';
import { noProgress, type Progress } from '../progress.ts';
import { type Bench, type Job, runJob } from './job.ts';
import type { Store } from './store.ts';
import type { Answer, Order } from './worker.ts';

export interface PoolOptions {
  /** Processes; 0: everything in this one. */
  readonly jobs: number;
  readonly progress?: Progress;
  /** Ends the work; what is done stays. */
  readonly signal?: AbortSignal;
  /** The program of a process. */
  readonly worker?: string;
}

const ownWorker = () => fileURLToPath(new URL('./worker.js', import.meta.url));

/** @throws {CompileError} E_TOOLCHAIN where a piece fails for no fault of the user's; the others are done first. */
export async function runAll(
  bench: Bench,
  store: Store,
  jobs: readonly Job[],
  options: PoolOptions,
): Promise<void> {
  const open = jobs.filter((j) => store.result(j.id) === undefined);
  if (open.length === 0) return;
  const stage = (options.progress ?? noProgress).stage('sweep', jobs.length);
  const running = new Set<string>();
  let done = jobs.length - open.length;
  const tell = () => stage.update(done, [...running].join(', '));
  const queue = [...open];
  const failures: string[] = [];
  const next = (): Job | undefined => {
    const job = options.signal?.aborted ? undefined : queue.shift();
    if (job) running.add(job.id);
    tell();
    return job;
  };
  const ended = (job: Job, failed?: string) => {
    running.delete(job.id);
    done++;
    if (failed !== undefined) failures.push(`${job.id}: ${failed}`);
    tell();
  };
  try {
    if (options.jobs === 0) {
      for (let job = next(); job; job = next()) {
        store.keep(job.id, await runJob(bench, job));
        ended(job);
      }
    } else {
      const count = Math.min(options.jobs, open.length);
      await Promise.all(Array.from({ length: count }, () => serve(bench, store, next, ended, options)));
    }
  } finally {
    stage.done();
  }
  if (failures.length > 0)
    throw toolchain(
      `${failures.length} of ${jobs.length} pieces of the sweep failed:\n${failures.join('\n')}`,
    );
}

/** One process after another, as long as there is work: one that dies takes its piece along, not the sweep. */
async function serve(
  { spec }: Bench,
  { folder }: Store,
  next: () => Job | undefined,
  ended: (job: Job, failed?: string) => void,
  { signal, worker = ownWorker() }: PoolOptions,
): Promise<void> {
  let child: Child | undefined;
  try {
    for (let job = next(); job; job = next()) {
      child ??= await Child.start(worker, { open: spec, folder }, signal);
      const answer = await child.ask({ job });
      if (signal?.aborted) return;
      ended(job, answer.failed);
      if (answer.id === undefined) child = undefined;
    }
  } finally {
    child?.end();
  }
}

class Child {
  readonly #process: ChildProcess;
  #answer: ((answer: Answer) => void) | undefined;
  #gone: Answer | undefined;

  private constructor(program: string, signal?: AbortSignal) {
    this.#process = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const over = (reason: string) => {
      this.#gone = { failed: reason };
      this.#answer?.(this.#gone);
    };
    this.#process.on('message', (answer: Answer) => this.#answer?.(answer));
    this.#process.on('error', (error) => over(error.message));
    this.#process.on('exit', (code, by) => over(`the process ended (${by ?? code})`));
    signal?.addEventListener('abort', () => this.#process.kill('SIGKILL'), { once: true });
  }

  static async start(program: string, order: Order, signal?: AbortSignal): Promise<Child> {
    const child = new Child(program, signal);
    const { failed } = await child.ask(order);
    if (failed !== undefined && !signal?.aborted) throw toolchain(`a process of the sweep failed: ${failed}`);
    return child;
  }

  ask(order: Order): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#gone) return resolve(this.#gone);
      this.#answer = resolve;
      this.#process.send(order, (error) => error && resolve({ failed: error.message }));
    });
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}
