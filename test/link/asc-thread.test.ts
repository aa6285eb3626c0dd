/** The thread of asc when it dies: nothing waits for ever, and the next compilation has a new one. */
import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { assemble } from '../../compiler/link/asc.ts';

const { deaths } = vi.hoisted(() => ({ deaths: [] as ((thread: EventEmitter, id: number) => void)[] }));

vi.mock('node:worker_threads', async (original) => ({
  ...(await original<object>()),
  Worker: class extends EventEmitter {
    ref() {}
    unref() {}
    postMessage({ id }: { id: number }) {
      setImmediate(deaths.shift()!, this, id);
    }
  },
}));

const request = { sources: new Map([['m.ts', '']]), entry: 'm.ts', build: 'simd' } as const;
const answers = (thread: EventEmitter, id: number) => thread.emit('message', { id, wasm: new Uint8Array(4) });

test('every compilation that waits fails, and the next one works', async () => {
  deaths.push(
    () => {},
    (thread) => thread.emit('exit', 134),
    (thread) => thread.emit('error', new Error('out of memory')),
    answers,
  );
  const code = { code: 'E_TOOLCHAIN', reason: expect.stringContaining('ended with code 134') };
  const both = [assemble(request), assemble(request)];
  for (const waiting of both) await expect(waiting).rejects.toMatchObject(code);
  await expect(assemble(request)).rejects.toMatchObject({ reason: expect.stringContaining('out of memory') });
  expect((await assemble(request)).wasm.length).toBe(4);
});
