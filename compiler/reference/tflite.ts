/** TFLite files in Google's WebAssembly build of TFLite with XNNPACK (`@tensorflow/tfjs-tflite`), where the user has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portsOf } from '../ir/graph.ts';
import { sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import type { Sample } from '../samples.ts';
import { findPeer } from './peer.ts';
import { isStateful, oneStep, otherRuntime, type ReferenceMaker } from './reference.ts';

interface Memory {
  data(): TensorData;
}

/** States of a model live on in its runner. */
interface Runner {
  GetInputs(): { get(i: number): Memory };
  GetOutputs(): { get(i: number): Memory };
  Infer(): boolean;
  cleanUp?(): void;
  delete(): void;
}

interface TfliteModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  readonly TFLiteWebModelRunner: {
    CreateFromBufferAndOptions(
      at: number,
      bytes: number,
      options: object,
    ): { ok(): boolean; errorMessage(): string; value(): Runner };
  };
}

const name = '@tensorflow/tfjs-tflite';

export const tflite: ReferenceMaker = async ({ files, graph }, { peers }) => {
  const peer = findPeer(name, peers);
  if (!peer) return `${name} is not installed`;
  const start = peer.load('wasm/tflite_web_api_cc_simd.js') as (options: object) => Promise<TfliteModule>;
  const binary = join(peer.folder, 'wasm', 'tflite_web_api_cc_simd.wasm');
  const module = await start({ wasmBinary: readFileSync(binary), print() {}, printErr() {} });
  const model = files.read(files.main);
  const at = module._malloc(model.length);
  module.HEAPU8.set(model, at);
  const options = { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 0 };
  const create = () => module.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, model.length, options);
  const made = create();
  if (!made.ok()) return `TFLite-web can't run it (${made.errorMessage().slice(0, 160)})`;
  let runner = made.value();
  for (const [i, { shape }] of portsOf(graph, graph.inputs).entries()) {
    if (runner.GetInputs().get(i).data().length !== sizeOf(shape))
      return 'TFLite-web runs it in the shapes of the file only';
  }
  const outputs = portsOf(graph, graph.outputs);
  const stateful = isStateful(graph);
  const infer = (inputs: Sample) => {
    graph.inputs.forEach((p, i) => void runner.GetInputs().get(i).data().set(inputs[p.name].data));
    runner.Infer();
  };
  return {
    title: 'TFLite-web with XNNPACK',
    tolerance: outputs.every((y) => y.dtype === 'float32') ? otherRuntime : oneStep,
    runtime: ['tflite_web_api_cc_simd.js', 'tflite_web_api_cc_simd.wasm'].map((f) =>
      join(peer.folder, 'wasm', f),
    ),
    async run(inputs) {
      if (stateful) {
        runner.delete();
        runner = create().value();
      }
      infer(inputs);
      const results = outputs.map(({ name, dtype, shape }, i): [string, Tensor] => [
        name,
        { dtype, shape, data: runner.GetOutputs().get(i).data().slice() },
      ]);
      return Object.fromEntries(results);
    },
    prepare: (inputs) => () => {
      infer(inputs);
      outputs.forEach((_, i) => void runner.GetOutputs().get(i).data().slice());
    },
    memory: () => module.HEAPU8.buffer.byteLength,
    dispose: () => runner.delete(),
  };
};
