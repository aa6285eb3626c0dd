/** Which operator reads which ONNX operator; built once from the operators. */
import { assert } from '../errors.ts';
import type { OnnxReader } from '../ops/define.ts';
import { ops } from '../ops/index.ts';

export const onnxReaders: ReadonlyMap<string, OnnxReader> = collect();

function collect(): Map<string, OnnxReader> {
  const all = new Map<string, OnnxReader>();
  for (const op of ops.values()) {
    for (const [name, reader] of Object.entries(op.names?.onnx ?? {})) {
      assert(!all.has(name), `two operators read ONNX ${name}`);
      all.set(name, reader);
    }
  }
  return all;
}
