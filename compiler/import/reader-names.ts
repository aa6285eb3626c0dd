/** Which operator reads which node of a TensorFlow graph or of TFLite; built once from the operators. */
import { assert } from '../errors.ts';
import type { NodeReader } from '../ops/define.ts';
import { ops } from '../ops/index.ts';

function collect(format: 'graph' | 'tflite'): ReadonlyMap<string, NodeReader> {
  const all = new Map<string, NodeReader>();
  for (const op of ops.values()) {
    for (const [name, reader] of Object.entries(op.names?.[format] ?? {})) {
      assert(!all.has(name), `two operators read ${name}`);
      all.set(name, reader);
    }
  }
  return all;
}

export const graphReaders = collect('graph');
export const liteReaders = collect('tflite');
