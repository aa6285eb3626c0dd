/**
 * Whole networks, dense and pruned, against dense engines: the same weights for all, outputs compared before anything is timed,
 * all alternating in one process on one thread. A call copies the input in and the result out, in every engine.
 */
import type { Rank, Tensor } from '@tensorflow/tfjs';
import { loadProbe } from '../compiler/bench/peak.ts';
import { compare, type TaskResult } from '../compiler/bench/runner.ts';
import { verifyFailed } from '../compiler/errors.ts';
import { readModel } from '../compiler/import/index.ts';
import { instantiate } from '../compiler/instance.ts';
import type { Graph } from '../compiler/ir/graph.ts';
import { random } from '../compiler/ir/random.ts';
import type { BuildReport } from '../compiler/link/metadata.ts';
import { simplify } from '../compiler/passes/index.ts';
import { emit } from '../compiler/pipeline.ts';
import { parseGranularity, pruneGraph } from '../compiler/prune/index.ts';
import { loadBackend, type Tf } from '../compiler/prune/train/backend.ts';
import type { OrtName } from '../compiler/reference/onnx.ts';
import { build, type ZooName } from '../examples/zoo/index.ts';
import { toOnnx } from './onnx.ts';
import { ortPeer, type Peer } from './peers.ts';

export interface ModelRow {
  readonly network: string;
  /** `tfjs-wasm`, `onnxruntime-web`, `onnxruntime-node`, or `espalier` with its sparsity. */
  readonly engine: string;
  readonly sparsity: number;
  readonly granularity: string;
  readonly medianMs: number;
  /** Time of tfjs-wasm over this one, with its 95 % interval; above one is faster. */
  readonly speedup: number;
  readonly interval: readonly [low: number, high: number];
  readonly wasmBytes?: number;
  readonly memoryBytes?: number;
  readonly arenaBytes?: number;
  /** Share of the weights that went with channels that the zeros left dead. */
  readonly deadShare?: number;
  readonly compileMs?: number;
}

export interface ModelBenchOptions {
  readonly networks: readonly ZooName[];
  readonly sparsities: readonly number[];
  readonly granularities: readonly string[];
  readonly minRounds?: number;
  readonly minTimeMs?: number;
  readonly onRow?: (row: ModelRow) => void;
}

/** Largest difference to tfjs, relative to its largest output, for an engine to be timed. */
const tolerance = 1e-3;

export async function benchModels(options: ModelBenchOptions): Promise<ModelRow[]> {
  const tf = await loadBackend('wasm');
  const rows: ModelRow[] = [];
  for (const network of options.networks) {
    for (const row of await benchNetwork(tf, network, options)) {
      rows.push(row);
      options.onRow?.(row);
    }
  }
  return rows;
}

async function benchNetwork(tf: Tf, network: ZooName, options: ModelBenchOptions): Promise<ModelRow[]> {
  const model = build(tf, network);
  const graph = simplify((await readModel(await filesOf(tf, model))).graph);
  const shape = graph.values.get(graph.inputs[0].value)!.shape;
  const rng = random(3);
  const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => rng.next());

  const predict = () =>
    tf.tidy(() => {
      const y = model.predict(tf.tensor(data, [...shape] as never)) as Tensor<Rank>;
      return y.dataSync() as Float32Array;
    });
  const want = predict();

  const tasks: { name: string; run(): void | Promise<void>; row: Partial<ModelRow> }[] = [];
  tasks.push({ name: 'tfjs-wasm', run: () => void predict(), row: { sparsity: 0, granularity: 'element' } });
  for (const name of ['onnxruntime-web', 'onnxruntime-node'] as const) {
    const peer = await tryPeer(name, graph, { data, shape });
    if (!peer) continue;
    await peer.run();
    check(network, name, peer.output(), want);
    tasks.push({ name, run: () => peer.run(), row: { sparsity: 0, granularity: 'element' } });
  }
  for (const granularity of options.granularities) {
    for (const sparsity of options.sparsities) {
      if (sparsity === 0 && granularity !== 'element') continue;
      const ours = await compiled(graph, sparsity, granularity);
      const { wasm, metadata } = ours.emitted;
      const instance = await instantiate(wasm, metadata);
      const run = instance.caller({ [metadata.inputs[0].name]: { dtype: 'float32', shape, data } });
      run();
      if (sparsity === 0) check(network, 'espalier', instance.outputs[0] as Float32Array, want);
      const row = {
        sparsity,
        granularity,
        wasmBytes: wasm.length,
        memoryBytes: metadata.memoryBytes,
        arenaBytes: metadata.arenaBytes,
        deadShare: deadShareOf(metadata),
        compileMs: ours.ms,
      };
      tasks.push({ name: `espalier ${sparsity} ${granularity}`, run, row });
    }
  }
  const results: TaskResult[] = await compare(tasks, {
    minRounds: options.minRounds ?? 15,
    minTimeMs: options.minTimeMs ?? 300,
    probe: await loadProbe(),
  });
  model.dispose();
  return results.map((r, i) => ({
    network,
    engine: r.name.split(' ')[0],
    sparsity: 0,
    granularity: 'element',
    ...tasks[i].row,
    medianMs: r.median,
    speedup: r.speedup.value,
    interval: [r.speedup.low, r.speedup.high],
  }));
}

/** Networks with an operator that the export doesn't spell run without ONNX peers. */
async function tryPeer(
  name: OrtName,
  graph: Graph,
  input: { readonly data: Float32Array; readonly shape: readonly number[] },
): Promise<Peer | undefined> {
  try {
    return await ortPeer(name, toOnnx(graph), input);
  } catch {
    return undefined;
  }
}

async function compiled(graph: Graph, sparsity: number, granularity: string) {
  const options = { sparsity, granularity: parseGranularity(granularity), allocation: 'uniform' as const };
  const pruned = sparsity === 0 ? graph : (await pruneGraph(graph, options)).graph;
  const start = performance.now();
  const emitted = await emit(pruned, { sparse: sparsity > 0 });
  return { emitted, ms: performance.now() - start };
}

function check(network: string, engine: string, got: Float32Array, want: Float32Array): void {
  const scale = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
  const worst = want.reduce((m, v, i) => Math.max(m, Math.abs(v - got[i])), 0);
  if (!(worst / scale <= tolerance)) {
    throw verifyFailed(`${engine} differs from tfjs by ${(worst / scale).toExponential(1)} on ${network}`);
  }
}

/** As `model.save` would write them. */
export async function filesOf(tf: Tf, model: ReturnType<typeof build>): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format: 'layers-model', modelTopology, weightsManifest };
      files['model.json'] = new TextEncoder().encode(JSON.stringify(json));
      files['weights.bin'] = new Uint8Array(
        Buffer.concat([weightData!].flat().map((b) => new Uint8Array(b))),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return files;
}

function deadShareOf({ channels: { removed, saved } }: BuildReport): number {
  return removed.length === 0 ? 0 : 1 - saved.weights.after / saved.weights.before;
}
