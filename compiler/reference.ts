/** The source model in the hands of others: what espalier's modules are held against. */
import type { io, Tensor as TfTensor } from '@tensorflow/tfjs';
import type { ModelFiles } from './import/index.ts';
import type { Graph } from './ir/graph.ts';
import type { Tensor } from './ir/tensor.ts';
import { type BackendName, loadBackend, type Tf } from './prune/train/backend.ts';
import type { Sample } from './samples.ts';
import { evaluateGraph } from './semantics/evaluate.ts';

export interface Reference {
  /** `tfjs, wasm backend` */
  readonly title: string;
  run(inputs: Sample): Record<string, Tensor>;
  /** One prediction on inputs that are already where tfjs wants them, for timing; waits for the result. */
  prepare(inputs: Sample): () => void;
  /** Bytes of the backend's linear memory. */
  memory(): number | undefined;
  dispose(): void;
}

/** tfjs where it reads the format, the operators' own definitions otherwise. */
export async function referenceOf(
  source: { readonly files: ModelFiles; readonly format: string; readonly graph: Graph },
  backend: BackendName = 'wasm',
): Promise<Reference> {
  return source.format === 'tfjs layers model'
    ? tfjsReference(source.files, source.graph, backend)
    : evaluated(source.graph);
}

const evaluated = (graph: Graph): Reference => ({
  title: 'definition of the operators',
  run: (inputs) => evaluateGraph(graph, inputs),
  prepare: (inputs) => () => void evaluateGraph(graph, inputs),
  memory: () => undefined,
  dispose() {},
});

async function tfjsReference(files: ModelFiles, graph: Graph, backend: BackendName): Promise<Reference> {
  const tf = await loadBackend(backend);
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts(files)));
  const tensors = (inputs: Sample) =>
    graph.inputs.map((p) => {
      const { dtype, shape, data } = inputs[p.name];
      return tf.tensor(data, shape as number[], dtype === 'int32' || dtype === 'bool' ? dtype : 'float32');
    });
  const predict = (xs: TfTensor[]) => [model.predict(xs.length === 1 ? xs[0] : xs)].flat() as TfTensor[];
  return {
    title: `tfjs, ${tf.getBackend()} backend`,
    run(inputs) {
      const ys = tf.tidy(() => predict(tensors(inputs)));
      const results = graph.outputs.map((p, i): [string, Tensor] => {
        const { dtype, shape } = graph.values.get(p.value)!;
        return [p.name, { dtype, shape, data: ys[i].dataSync() as Tensor['data'] }];
      });
      tf.dispose(ys);
      return Object.fromEntries(results);
    },
    prepare(inputs) {
      const xs = tensors(inputs);
      return () => {
        tf.tidy(() => {
          for (const y of predict(xs)) y.dataSync();
        });
      };
    },
    memory: () => wasmMemory(tf),
    dispose: () => model.dispose(),
  };
}

/** The model as tfjs takes it from memory. */
function artifacts(files: ModelFiles): io.ModelArtifacts {
  const json = files.json(files.main) as unknown as io.ModelJSON;
  const groups = json.weightsManifest ?? [];
  const parts = groups.flatMap((g) => g.paths).map((path) => files.read(path));
  return {
    modelTopology: json.modelTopology ?? json,
    weightSpecs: groups.flatMap((g) => g.weights),
    weightData: new Uint8Array(Buffer.concat(parts)).buffer,
  };
}

function wasmMemory(tf: Tf): number | undefined {
  const { wasm } = tf.backend() as { wasm?: { HEAPU8?: Uint8Array } };
  return wasm?.HEAPU8?.buffer.byteLength;
}
