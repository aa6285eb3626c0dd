/** Runs a linked module on tensors, from its metadata alone. */
import { allocate, sizeOf, type Tensor, type TensorData } from '../compiler/ir/tensor.ts';
import type { Metadata, PortInfo } from '../compiler/link/metadata.ts';

export function execute(
  wasm: Uint8Array<ArrayBuffer>,
  metadata: Metadata,
  ...runs: readonly Record<string, Tensor>[]
): Record<string, Tensor> {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as {
    memory: WebAssembly.Memory;
    run(): number;
  };
  const view = (p: PortInfo): TensorData => {
    const empty = allocate(p.dtype, 0);
    const Type = empty.constructor as Float32ArrayConstructor;
    return new Type(exports.memory.buffer, p.offset, sizeOf(p.shape));
  };
  for (const inputs of runs) {
    for (const p of metadata.inputs) view(p).set(inputs[p.name].data);
    if (exports.run() !== 0) throw new Error('run failed');
  }
  return Object.fromEntries(
    metadata.outputs.map((p) => [p.name, { dtype: p.dtype, shape: p.shape, data: view(p).slice() }]),
  );
}
