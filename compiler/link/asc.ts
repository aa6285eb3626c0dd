/** The AssemblyScript compiler, in memory, on a thread of its own: it loads while models are read and pruned. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { toolchain } from '../errors.ts';
import type { Build } from '../kernels.ts';
import { packageRoot } from '../package-root.ts';

export interface AscOptions {
  /** Sources by path; `runtime/…` comes from the package where it is not given here. */
  readonly sources: ReadonlyMap<string, string>;
  readonly entry: string;
  readonly build: Build;
  /** Bytes at the start of memory that stay free for weights and the arena. */
  readonly memoryBase?: number;
  /** Fixed memory size, in 64 KiB pages. */
  readonly pages?: number;
  /** Also return the module as text. */
  readonly text?: boolean;
}

const maxReported = 8;

export interface AscRequest {
  readonly id: number;
  readonly args: readonly string[];
  readonly sources: ReadonlyMap<string, string>;
  /** Where `runtime/…` and `asconfig.json` are. */
  readonly root: string;
}

/** Of a failure, `reasons` alone. */
export interface AscAnswer {
  readonly id: number;
  readonly wasm?: Uint8Array<ArrayBuffer>;
  readonly text?: string;
  readonly reasons?: readonly string[];
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve(answer: AscAnswer): void; reject(error: unknown): void }>;
}

let running: Thread | undefined;
let requests = 0;

/** The thread, started where there is none. It doesn't keep the process alive but for answers that are due. */
function thread(): Thread {
  if (running) return running;
  const worker = new Worker(join(packageRoot(), 'compiler/link/asc-thread.js'));
  const started: Thread = { worker, waiting: new Map() };
  worker.unref();
  worker.on('message', (answer: AscAnswer) => {
    started.waiting.get(answer.id)?.resolve(answer);
    started.waiting.delete(answer.id);
    if (started.waiting.size === 0) worker.unref();
  });
  const lost = (reason: string) => {
    if (running === started) running = undefined;
    for (const { reject } of started.waiting.values()) reject(toolchain(`asc failed: ${reason}`));
    started.waiting.clear();
  };
  worker.on('error', (error) => lost(error.message));
  worker.on('exit', (code) => lost(`its thread ended with code ${code}`));
  running = started;
  return started;
}

/** Starts to load asc, which takes over a second, for callers with something else to do meanwhile. */
export function warmUp(): void {
  thread();
}

/** Compiles to a WebAssembly binary; throws `E_TOOLCHAIN` with asc's diagnostics. Loads asc (150 MB resident) on first use. */
export async function assemble(
  options: AscOptions,
): Promise<{ wasm: Uint8Array<ArrayBuffer>; text?: string }> {
  const args = [
    options.entry,
    '--config',
    'asconfig.json',
    '--target',
    options.build,
    '--outFile',
    'module.wasm',
  ];
  if (options.memoryBase !== undefined) args.push('--memoryBase', String(options.memoryBase));
  if (options.pages !== undefined) {
    args.push('--initialMemory', String(options.pages), '--maximumMemory', String(options.pages));
  }
  if (options.text) args.push('--textFile', 'module.wat');
  const { worker, waiting } = thread();
  const request: AscRequest = { id: requests++, args, sources: options.sources, root: packageRoot() };
  const { wasm, text, reasons } = await new Promise<AscAnswer>((resolve, reject) => {
    waiting.set(request.id, { resolve, reject });
    worker.ref();
    worker.postMessage(request);
  });
  if (!wasm) throw toolchain(`asc failed: ${reasons!.slice(0, maxReported).join('; ')}`);
  return { wasm, text };
}
