/** Ctrl-C: work that can end early keeps the best so far, and a second one exits; anything else exits at once. */

/** Of what Ctrl-C has ended. */
export const exitCode = 130;
let running: AbortController | undefined;

/** The handler of SIGINT. */
export function interrupt(): void {
  if (!running || running.signal.aborted) process.exit(exitCode);
  running.abort();
  process.stderr.write('\nending early, the best so far is kept; Ctrl-C again stops at once\n');
}

/** Temporary folders are removed by handlers of `exit`. */
export const terminate = (): void => process.exit(exitCode);

/** Who reads the output may have read enough: `espalier inspect model.json | head`. */
export function closed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

/** Runs `work` so that it ends when its signal is aborted. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  running = new AbortController();
  try {
    return await work(running.signal);
  } finally {
    running = undefined;
  }
}
