/** Original and compiled model against each other: time, cold start, size, memory, accuracy. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { safeName } from '../targets/index.ts';
import { Agreement } from './agreement.ts';
import { importScript, tfjsScript } from './bench/coldscripts.ts';
import { type ColdVariant, coldStart } from './bench/coldstart.ts';
import { machineFacts } from './bench/machine.ts';
import { measurePeak } from './bench/peak.ts';
import { compare } from './bench/runner.ts';
import { measureSize, type SizedFile, shipped } from './bench/size.ts';
import type { BenchReport, ColdStart, LayerFacts, Variant } from './bench/types.ts';
import { channelLines } from './describe.ts';
import { badData, CompileError } from './errors.ts';
import { tfjsLayersFiles } from './import/tfjs-write.ts';
import { writeFiles } from './import/write-files.ts';
import { instantiate } from './instance.ts';
import { type Graph, portsOf } from './ir/graph.ts';
import { largest } from './ir/tensor.ts';
import type { Model, Source } from './model.ts';
import { type BenchOptions, buildOf } from './options.ts';
import { withTemporary } from './output.ts';
import { simplify } from './passes/index.ts';
import { type Emitted, emit, pack } from './pipeline.ts';
import { viewShape } from './plan/view.ts';
import { profile, type StepTime } from './profile.ts';
import { noProgress } from './progress.ts';
import { type BackendName, hasNode } from './prune/train/backend.ts';
import { type Reference, referenceOf } from './reference/index.ts';
import { beside } from './reference/tfjs.ts';
import { randomSamples, type Sample } from './samples.ts';

const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', 'assemblyscript', 'espalier'];

/** What is compared. The first is the original. */
interface Contender {
  readonly id: string;
  readonly title: string;
  readonly kind: Variant['kind'];
  run(sample: Sample): Sample | Promise<Sample>;
  /** One call for the clock: inputs in, results out. */
  prepare(sample: Sample): () => void | Promise<void>;
  readonly files: readonly SizedFile[];
  readonly memory: () => number | undefined;
  /** A program for the cold start, written to `folder`; answers with its path. */
  readonly cold?: (folder: string) => string;
}

/**
 * Runs the original, the dense build of the original weights and the build of the model as it is now, in turn, in one process.
 *
 * @throws {CompileError} E_DATA where labels and samples differ in number.
 */
export async function bench(model: Model, options: BenchOptions = {}): Promise<BenchReport> {
  const { seed = 1, progress = noProgress, samples, labels } = options;
  if (labels && labels.length !== samples?.length)
    throw badData(`${labels.length} labels for ${samples?.length ?? 0} samples`);
  const build = buildOf(options.simd);
  const objective = options.optimize ?? 'speed';
  const notes: string[] = [];

  const original = simplify(model.source.graph);
  const dense = await emit(original, { build, objective, sparse: false }, progress);
  const sparse = await emit(model.graph, { build, objective }, progress);
  const references = await referencesOf(model.source, options.backend);
  const contenders: Contender[] = [
    ...references.map(
      (reference, i): Contender => ({
        id: i === 0 ? 'reference' : `reference-${i}`,
        title: reference.title,
        kind: 'reference',
        run: reference.run,
        prepare: reference.prepare,
        files: referenceFiles(model.source, reference),
        memory: reference.memory,
        cold: i === 0 ? tfjsCold(model.source, original) : undefined,
      }),
    ),
    await ours('dense', 'espalier, dense', 'dense', dense),
  ];
  const isSparse = sparse.metadata.layers.some((l) => l.format !== 'dense');
  if (isSparse || model.pruning) contenders.push(await ours('sparse', 'espalier, sparse', 'sparse', sparse));
  else notes.push('No layer is sparse enough for a sparse format: the sparse build is the dense build.');

  const inputs = samples ?? randomSamples(sparse.metadata.inputs, options.random ?? 64, seed);
  const timing = progress.stage('time', 1);
  const times = await compare(
    contenders.map((c) => ({ name: c.id, run: c.prepare(inputs[0]) })),
    { seed, minTimeMs: options.minTimeMs, onRound: (share) => timing.update(share) },
  );
  timing.done();

  const results = await score(contenders, inputs, labels, progress);
  const cold = await coldStarts(contenders, options, progress);
  const sizing = progress.stage('size');
  const sizes = await Promise.all(contenders.map((c) => measureSize(c.files)));
  const variants = contenders.map(({ id, title, kind, memory }, i): Variant => {
    const { name: _, ...latency } = times[i];
    const coldStart = cold?.of.get(id);
    return { id, title, kind, latency, size: sizes[i], coldStart, peakMemory: memory(), ...results[i] };
  });
  const zeroedDense = model.pruning ? await measureZeroed(model, notes) : undefined;
  sizing.done();
  const single = options.profile && (await emit(model.graph, { build, objective, profile: true }, progress));
  const steps = single ? await profile(single, inputs[0]) : [];
  for (const reference of references) reference.dispose();

  const { graph, source } = model;
  const machine = await machineFacts(packages);
  return {
    schema: 1,
    model: {
      name: model.name,
      hash: source.hash,
      inputs: portsOf(graph, graph.inputs),
      outputs: portsOf(graph, graph.outputs),
      params: countParams(original),
    },
    machine: options.profile ? { ...machine, peak: await measurePeak() } : machine,
    options: { build, optimize: objective, seed, samples: inputs.length, supplied: samples !== undefined },
    variants,
    zeroedDense,
    emptyProcess: cold?.empty,
    layers: layerFacts(sparse, steps),
    notes: [...channelLines(sparse.metadata.channels), ...notes, ...methodNotes],
  };
}

/** The runtime of the format; tfjs-node beside tfjs where it is installed and no backend was asked for. */
async function referencesOf(source: Source, backend?: BackendName): Promise<readonly Reference[]> {
  const first = await referenceOf(source, { backend });
  const native = backend === undefined && source.format.startsWith('tfjs') && hasNode();
  return native ? [first, await referenceOf(source, { backend: 'node' })] : [first];
}

const methodNotes = [
  'Sizes of the reference are those of the model and of its runtime as it is published: for tfjs the minified bundles of core, layers or converter, and wasm backend, and the SIMD binary; a tree-shaken build is smaller.',
  'Cold start: from the first line of a program, through loading runtime and model from disk, to the first result.',
  'Layer times, where asked for, are of steps one by one; in the module itself, large layers before a depthwise one run with it, a few rows at a time.',
];

/** A module in this process, and the files that ship it. */
async function ours(id: string, title: string, kind: Variant['kind'], emitted: Emitted): Promise<Contender> {
  const { metadata } = emitted;
  const { run, caller } = await instantiate(emitted.wasm, metadata);
  const files = shipped(pack(safeName(metadata.name), emitted, 'esm'));
  return {
    id,
    title,
    kind,
    run,
    prepare: caller,
    files,
    memory: () => metadata.memoryBytes,
    cold(folder) {
      writeFiles(join(folder, id), new Map(files.map((f) => [f.name, f.bytes])));
      const script = join(folder, id, 'cold.mjs');
      const loader = files.find((f) => f.name.endsWith('.js'))!.name;
      writeFileSync(script, importScript(pathToFileURL(join(folder, id, loader)).href));
      return script;
    },
  };
}

type Score = Pick<Variant, 'accuracy' | 'agreement'>;

/** Accuracy where there are labels; agreement of the others with the first. */
async function score(
  contenders: readonly Contender[],
  samples: readonly Sample[],
  labels: Int32Array | undefined,
  progress = noProgress,
): Promise<Score[]> {
  const agreements = contenders.map(() => new Agreement());
  const right = contenders.map(() => 0);
  const stage = progress.stage('accuracy', samples.length);
  for (const [k, sample] of samples.entries()) {
    const results: Sample[] = [];
    for (const c of contenders) results.push(await c.run(sample));
    results.forEach((y, i) => {
      agreements[i].add(results[0], y);
      if (labels && largest(Object.values(y)[0].data) === labels[k]) right[i]++;
    });
    stage.update(k + 1);
  }
  stage.done();
  return contenders.map((_, i) => ({
    accuracy: labels && { top1: right[i] / labels.length, n: labels.length },
    agreement: i === 0 ? undefined : agreements[i].facts(),
  }));
}

async function coldStarts(
  contenders: readonly Contender[],
  { coldRounds = 9, seed = 1 }: BenchOptions,
  progress = noProgress,
): Promise<{ empty: ColdStart; of: Map<string, ColdStart> } | undefined> {
  if (coldRounds === 0) return undefined;
  const stage = progress.stage('cold start', 1);
  const started = await withTemporary(async (folder) => {
    const variants = contenders.flatMap(({ id, cold }): ColdVariant[] =>
      cold ? [{ name: id, module: cold(folder) }] : [],
    );
    return coldStart(variants, { rounds: coldRounds, seed, onRound: (share) => stage.update(share) });
  });
  stage.done();
  return { empty: started.empty, of: new Map(started.variants.map(({ name, ...start }) => [name, start])) };
}

const require = createRequire(import.meta.url);

/** Everything that a page with the reference loads. */
const referenceFiles = ({ files }: Source, { runtime }: Reference): SizedFile[] => [
  ...files.used.map(({ path }) => ({ name: path, bytes: files.read(path) })),
  ...runtime,
];

const isLayers = (source: Source) => source.format === 'tfjs layers model';

function tfjsCold(source: Source, graph: Graph): Contender['cold'] {
  if (!isLayers(source)) return undefined;
  return (folder) => {
    const paths = source.files.used.map((f) => f.path);
    writeFiles(join(folder, 'tfjs'), new Map(paths.map((path) => [path, source.files.read(path)])));
    const packages = {
      core: beside.resolve('@tensorflow/tfjs-core'),
      layers: beside.resolve('@tensorflow/tfjs-layers'),
      wasm: require.resolve('@tensorflow/tfjs-backend-wasm'),
      binaries: `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`,
    };
    const shapes = graph.inputs.map((p) => graph.values.get(p.value)!.shape);
    const script = join(folder, 'tfjs', 'cold.cjs');
    const files = paths.map((path) => join(folder, 'tfjs', path));
    writeFileSync(script, tfjsScript(packages, files, shapes));
    return script;
  };
}

/** The model files as they were, with the pruned weights: what compression alone would make of pruning. */
async function measureZeroed({ graph, source }: Model, notes: string[]) {
  if (!isLayers(source)) return undefined;
  try {
    const files = tfjsLayersFiles(source.files, graph);
    return await measureSize([...files].map(([name, bytes]) => ({ name, bytes })));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    notes.push(`The dense file with zeroed weights can't be written: ${error.reason}.`);
    return undefined;
  }
}

function layerFacts({ metadata, functions }: Emitted, steps: readonly StepTime[]): LayerFacts[] {
  return metadata.layers.map((l) => {
    const density = l.nnz / (l.rows * l.cols);
    const step = functions.find((f) => f.step.name === l.name && f.step.form === l.form)?.step;
    const measured = steps.filter((s) => s.name === l.name);
    return {
      ...l,
      shape: step ? viewShape(step.y) : [],
      sparsity: 1 - density,
      macs: l.macs * density,
      measuredNs: measured.length > 0 ? measured.reduce((n, s) => n + s.ns, 0) : undefined,
    };
  });
}

function countParams(graph: Graph): number {
  let n = 0;
  for (const v of graph.values.values()) n += v.data?.length ?? 0;
  return n;
}
