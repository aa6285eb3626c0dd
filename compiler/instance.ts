/** Runs a linked module inside the compiler, from its metadata alone. */
import { InternalError } from './errors.ts';
import { allocate, sizeOf, type Tensor, type TensorData } from './ir/tensor.ts';
import type { Metadata, PortInfo } from './link/metadata.ts';

export interface Instance {
  /** Row-major tensors by name; results are copies. */
  run(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor>;
  /** Runs on what the input views hold. */
  invoke(): void;
  /** One call for the clock: inputs in, results out. */
  caller(inputs: Readonly<Record<string, Tensor>>): () => void;
  readonly inputs: readonly TensorData[];
  readonly outputs: readonly TensorData[];
  readonly exports: Readonly<Record<string, () => number>>;
  /** Memory from where the last weights lie on: everything that a run may change. */
  readonly values: Uint8Array;
}

export async function instantiate(wasm: Uint8Array<ArrayBuffer>, metadata: Metadata): Promise<Instance> {
  const { instance } = await WebAssembly.instantiate(wasm);
  const exports = instance.exports as Record<string, () => number>;
  const { buffer } = (instance.exports as { memory: WebAssembly.Memory }).memory;
  const view = (p: PortInfo): TensorData => {
    const Type = allocate(p.dtype, 0).constructor as Float32ArrayConstructor;
    return new Type(buffer, p.offset, sizeOf(p.shape));
  };
  const inputs = metadata.inputs.map(view);
  const outputs = metadata.outputs.map(view);
  const invoke = () => {
    const code = exports.run();
    if (code !== 0) throw new InternalError(`run() failed with code ${code}`);
  };
  return {
    inputs,
    outputs,
    exports,
    values: new Uint8Array(buffer, metadata.weightBytes),
    invoke,
    caller(given) {
      const values = metadata.inputs.map((p) => given[p.name].data);
      const results = outputs.map((y) => y.slice());
      return () => {
        for (let i = 0; i < inputs.length; i++) inputs[i].set(values[i]);
        invoke();
        for (let i = 0; i < outputs.length; i++) results[i].set(outputs[i]);
      };
    },
    run(given) {
      exports.reset?.();
      metadata.inputs.forEach((p, i) => void inputs[i].set(given[p.name].data));
      invoke();
      return Object.fromEntries(
        metadata.outputs.map((p, i) => [
          p.name,
          { dtype: p.dtype, shape: p.shape, data: outputs[i].slice() },
        ]),
      );
    },
  };
}
