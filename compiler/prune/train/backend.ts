/** The one place that loads TensorFlow.js. Everything else takes its namespace from here, lazily. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { missingPeer } from '../../errors.ts';

export type Tf = typeof import('@tensorflow/tfjs');
export type BackendName = 'wasm' | 'cpu' | 'node';

const require = createRequire(import.meta.url);

/**
 * The tfjs namespace with the asked backend current and ready. Without a preference: wasm, or cpu where wasm does not
 * start. `node` is tfjs-node, an optional peer.
 *
 * @throws {CompileError} E_MISSING_PEER where tfjs-node is asked for and not installed.
 */
export async function loadBackend(preference?: BackendName): Promise<Tf> {
  if (preference === 'node') return loadNode();
  const tf: Tf = await import('@tensorflow/tfjs');
  // Without it the cpu backend greets the user on the console.
  tf.enableProdMode();
  if (preference !== 'cpu' && (await startWasm(tf))) return tf;
  await tf.setBackend('cpu');
  return tf;
}

async function startWasm(tf: Tf): Promise<boolean> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  if (!tf.findBackend('wasm')) {
    setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  }
  return withoutNewListeners(async () => {
    const ok = await tf.setBackend('wasm').catch(() => false);
    if (ok) await tf.ready();
    return ok;
  });
}

// Of type string, so that the compiler does not look for the types of a package that may be absent.
const native: string = '@tensorflow/tfjs-node';

/** Whether the backend `node` can be asked for. */
export function hasNode(): boolean {
  try {
    return require.resolve(native) !== '';
  } catch {
    return false;
  }
}

async function loadNode(): Promise<Tf> {
  if (!hasNode()) throw missingPeer(native, 'the tfjs-node backend');
  const tf: Tf = await import(native);
  await tf.ready();
  return tf;
}

/** Emscripten's start-up code installs process-wide handlers that rethrow every error from within its own source. */
async function withoutNewListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set(process.listeners(event as 'exit')));
  try {
    return await start();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before[i]!.has(listener)) process.off(event, listener);
      }
    });
  }
}
