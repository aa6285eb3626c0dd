import { afterEach, expect, test, vi } from 'vitest';
import { CompileError } from '../../compiler/errors.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';

const events = ['uncaughtException', 'unhandledRejection'] as const;
const listeners = () => events.map((event) => process.listeners(event as 'exit'));

afterEach(() => vi.restoreAllMocks());

test.each([
  [undefined, 'wasm'],
  ['wasm', 'wasm'],
  ['cpu', 'cpu'],
] as const)('%s gives the %s backend, silently', async (preference, name) => {
  const said = (['log', 'info', 'warn', 'error'] as const).map((k) => vi.spyOn(console, k).mockReturnValue());
  const before = listeners();
  const tf = await loadBackend(preference);
  expect(tf.getBackend()).toBe(name);
  expect(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 1])).arraySync())).toEqual([[3], [3]]);
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
  expect(listeners()).toEqual(before);
});

test('tfjs-node, where it is not installed, is asked for by name', async () => {
  const error = await loadBackend('node').catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CompileError);
  expect(error).toMatchObject({ code: 'E_MISSING_PEER', hint: 'npm install @tensorflow/tfjs-node' });
});
