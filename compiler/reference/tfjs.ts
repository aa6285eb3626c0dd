/** LayersModels and GraphModels in TensorFlow.js, which espalier brings along. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { io, Tensor as TfTensor } from '@tensorflow/tfjs';
import type { ModelFiles } from '../import/index.ts';
import { type Graph, portsOf } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import { loadBackend, type Tf } from '../prune/train/backend.ts';
import type { Sample } from '../samples.ts';
import { isStateful, otherRuntime, type Reference, type ReferenceMaker, sameWeights } from './reference.ts';

export const layersModel: ReferenceMaker = async ({ files, graph }, { backend = 'wasm' }) => {
  const tf = await loadBackend(backend);
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts(files)));
  const stateful = isStateful(graph);
  const predict = (xs: TfTensor[]) => {
    if (stateful) model.resetStates();
    return [model.predict(xs.length === 1 ? xs[0] : xs)].flat() as TfTensor[];
  };
  return {
    ...running(tf, graph, predict),
    title: `tfjs, ${tf.getBackend()} backend`,
    tolerance: sameWeights,
    runtime: backend === 'node' ? [] : bundles('tfjs-layers', 'tf-layers'),
    dispose: () => model.dispose(),
  };
};

export const graphModel: ReferenceMaker = async ({ files, graph }, { backend = 'wasm' }) => {
  if (callsFunctions(files)) return "tfjs can't call the functions of a graph";
  const tf = await loadBackend(backend);
  const { loadGraphModelSync } = await import('@tensorflow/tfjs-converter');
  const model = loadGraphModelSync({ load: () => artifacts(files) });
  const { inputs, outputs } = signatureOf(files);
  const nodes = graph.outputs.map((p) => outputs.get(p.name) ?? p.name);
  const feeds = graph.inputs.map((p) => inputs.get(p.name) ?? p.name);
  const execute = (xs: TfTensor[]) =>
    [model.execute(Object.fromEntries(xs.map((x, i) => [feeds[i], x])), nodes)].flat() as TfTensor[];
  return {
    ...running(tf, graph, execute),
    title: `tfjs GraphModel, ${tf.getBackend()} backend`,
    tolerance: otherRuntime,
    runtime: backend === 'node' ? [] : bundles('tfjs-converter', 'tf-converter'),
    dispose: () => model.dispose(),
  };
};

/** `predict` takes and gives tensors in the order of the graph's ports. */
function running(
  tf: Tf,
  graph: Graph,
  predict: (xs: TfTensor[]) => TfTensor[],
): Pick<Reference, 'run' | 'prepare' | 'memory'> {
  const backend = tf.getBackend();
  // Another backend of the same engine may have run meanwhile; one that has been ready before is current at once.
  const activate = () => {
    if (tf.getBackend() !== backend) void tf.setBackend(backend);
  };
  const tensors = (inputs: Sample) =>
    graph.inputs.map((p) => {
      const { dtype, shape, data } = inputs[p.name];
      return tf.tensor(data, shape as number[], dtype === 'int32' || dtype === 'bool' ? dtype : 'float32');
    });
  return {
    async run(inputs) {
      activate();
      const ys = tf.tidy(() => predict(tensors(inputs)));
      const results = portsOf(graph, graph.outputs).map(({ name, dtype, shape }, i): [string, Tensor] => {
        return [name, { dtype, shape, data: ys[i].dataSync() as Tensor['data'] }];
      });
      tf.dispose(ys);
      return Object.fromEntries(results);
    },
    prepare(inputs) {
      activate();
      const xs = tensors(inputs);
      return () => {
        activate();
        tf.tidy(() => {
          for (const y of predict(xs)) y.dataSync();
        });
      };
    },
    memory: () => {
      activate();
      return wasmMemory(tf);
    },
  };
}

/** The model as tfjs takes it from memory. */
function artifacts(files: ModelFiles): io.ModelArtifacts {
  const json = files.json(files.main) as unknown as io.ModelJSON;
  const groups = json.weightsManifest ?? [];
  const parts = groups.flatMap((g) => g.paths).map((path) => files.read(path));
  return {
    ...json,
    modelTopology: json.modelTopology ?? json,
    weightSpecs: groups.flatMap((g) => g.weights),
    weightData: new Uint8Array(Buffer.concat(parts)).buffer,
  };
}

function callsFunctions(files: ModelFiles): boolean {
  const { modelTopology } = files.json(files.main) as unknown as {
    readonly modelTopology: { readonly node: readonly { readonly op: string }[] };
  };
  return modelTopology.node.some(({ op }) => /PartitionedCall$/.test(op));
}

/** What tfjs calls the ports: the keys of the inputs, the nodes of the outputs, by our names. */
function signatureOf(files: ModelFiles) {
  type Entries = Record<string, { name?: string }>;
  interface Signed {
    readonly signature?: { readonly inputs?: Entries; readonly outputs?: Entries };
  }
  const json = files.json(files.main) as unknown as Signed & { readonly userDefinedMetadata?: Signed };
  const { inputs = {}, outputs = {} } = json.signature ?? json.userDefinedMetadata?.signature ?? {};
  const ours = (key: string) => key.replace(/:0$/, '');
  return {
    inputs: new Map(Object.keys(inputs).map((key) => [ours(key), key])),
    outputs: new Map(Object.entries(outputs).map(([key, o]) => [ours(key), o.name ?? key])),
  };
}

function wasmMemory(tf: Tf): number | undefined {
  const { wasm } = tf.backend() as { wasm?: { HEAPU8?: Uint8Array } };
  return wasm?.HEAPU8?.buffer.byteLength;
}

const require = createRequire(import.meta.url);
/** Packages under tfjs need not be reachable from here. */
export const beside = createRequire(require.resolve('@tensorflow/tfjs'));

/** Core, the package that runs the model, and the wasm backend, as a page loads them. */
function bundles(name: string, file: string): string[] {
  const folder = (name: string) => dirname(beside.resolve(`@tensorflow/${name}`));
  const wasm = dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));
  return [
    join(folder('tfjs-core'), 'tf-core.es2017.min.js'),
    join(folder(name), `${file}.es2017.min.js`),
    join(wasm, 'tf-backend-wasm.es2017.min.js'),
    join(wasm, 'tfjs-backend-wasm-simd.wasm'),
  ];
}
