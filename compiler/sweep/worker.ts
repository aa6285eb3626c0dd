/** A process that does pieces of a sweep: told the sweep first, then one piece after the other. */
import { CompileError } from '../errors.ts';
import { type Bench, type Job, openBench, runJob } from './job.ts';
import { Store } from './store.ts';
import type { SweepSpec } from './types.ts';

export type Order = { readonly open: SweepSpec; readonly folder: string } | { readonly job: Job };

/** `failed`: a bug, or a want of memory. */
export interface Answer {
  readonly id?: string;
  readonly failed?: string;
}

// Ctrl-C reaches the whole group of processes: the parent decides.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

let bench: Bench | undefined;
let store: Store | undefined;

process.on('message', async (order: Order) => {
  const answer = (a: Answer) => process.send?.(a);
  try {
    if ('open' in order) {
      bench = await openBench(order.open);
      store = new Store(order.folder);
      answer({});
    } else {
      const { job } = order;
      store!.keep(job.id, await runJob(bench!, job));
      answer({ id: job.id });
    }
  } catch (error) {
    const text = error instanceof CompileError ? error.message : String((error as Error).stack ?? error);
    answer({ id: 'job' in order ? order.job.id : undefined, failed: text });
  }
});
