/**
 * Published models against the runtimes that they are made for, on one thread: `npm run bench:models [-- name…]` installs their
 * packages into `.espalier/models` and writes `docs/MODELS.md`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Agreement, type AgreementFacts, type Tolerance, within } from '../compiler/agreement.ts';
import { machineFacts } from '../compiler/bench/machine.ts';
import { compare, type TaskResult } from '../compiler/bench/runner.ts';
import { CompileError, usage } from '../compiler/errors.ts';
import { load } from '../compiler/index.ts';
import { instantiate } from '../compiler/instance.ts';
import type { Graph } from '../compiler/ir/graph.ts';
import { random } from '../compiler/ir/random.ts';
import { allocate, sizeOf } from '../compiler/ir/tensor.ts';
import type { PortInfo } from '../compiler/link/metadata.ts';
import { packageRoot } from '../compiler/package-root.ts';
import { emit } from '../compiler/pipeline.ts';
import { referenceOf } from '../compiler/reference/index.ts';
import type { Sample } from '../compiler/samples.ts';
import { catalogue, filesOf, install, modelFolder, peers, type RealModel } from './real-catalogue.ts';

interface Row {
  readonly model: RealModel;
  readonly fileBytes: number;
  readonly wasmBytes: number;
  /** Of the same build without sparse formats. */
  readonly denseBytes: number;
  /** Of the weights with more than one axis. */
  readonly zeros: number;
  readonly agreement: AgreementFacts;
  readonly tolerance: Tolerance;
  readonly ours: TaskResult;
  readonly theirs: TaskResult;
  readonly runtime: string;
  readonly compileMs: number;
}

const samples = 8;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false } },
  });
  for (const name of positionals) {
    if (!catalogue.some((m) => m.name === name)) throw usage(`no model ${JSON.stringify(name)}`);
  }
  const chosen = catalogue.filter((m) => positionals.length === 0 || positionals.includes(m.name));
  install();
  const rows: Row[] = [];
  const failures: string[] = [];
  for (const model of chosen) {
    try {
      const row = await measure(model, values.quick);
      rows.push(row);
      console.log(line(row));
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      failures.push(`- ${model.name}: ${error.message}`);
      console.log(failures.at(-1));
    }
  }
  const folder = join(packageRoot(), '.espalier', 'bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'real-models.json'), `${JSON.stringify(rows, null, 1)}\n`);
  if (positionals.length === 0 && !values.quick)
    writeFileSync(join(packageRoot(), 'docs', 'MODELS.md'), await page(rows, failures));
  const wrong = rows.filter((r) => !agrees(r));
  for (const r of wrong) console.error(`${r.model.name} is not what ${r.runtime} computes`);
  if (wrong.length > 0 || failures.length > 0) process.exitCode = 1;
}

async function measure(model: RealModel, quick: boolean): Promise<Row> {
  const files = filesOf(model);
  const opened = await load(files, { shapes: model.shapes, fixed: model.fixed });
  const start = performance.now();
  const emitted = await emit(opened.graph);
  const compileMs = performance.now() - start;
  const dense = await emit(opened.graph, { sparse: false });
  const reference = await referenceOf(opened.source, { peers: [modelFolder()] });
  const inputs = pictures(emitted.metadata.inputs);
  const module = await instantiate(emitted.wasm, emitted.metadata);
  const agreement = new Agreement();
  for (const x of inputs) agreement.add(await reference.run(x), module.run(x));
  const tasks = [
    { name: reference.title, run: reference.prepare(inputs[0]) },
    { name: 'espalier', run: module.caller(inputs[0]) },
  ];
  const [theirs, ours] = await compare(tasks, quick ? { minRounds: 3, minTimeMs: 50 } : { minTimeMs: 1500 });
  reference.dispose();
  return {
    model,
    fileBytes: Object.values(files).reduce((n, b) => n + b.length, 0),
    wasmBytes: emitted.wasm.length,
    denseBytes: dense.wasm.length,
    zeros: zerosOf(opened.graph),
    agreement: agreement.facts(),
    tolerance: reference.tolerance,
    ours,
    theirs,
    runtime: reference.title,
    compileMs,
  };
}

/** As cameras give them: from 0 to 1, or all bytes. */
function pictures(ports: readonly PortInfo[]): Sample[] {
  const rng = random(3);
  return Array.from({ length: samples }, () =>
    Object.fromEntries(
      ports.map(({ name, dtype, shape }) => {
        const data = allocate(dtype, sizeOf(shape));
        const low = dtype === 'int8' ? 128 : 0;
        for (let i = 0; i < data.length; i++) data[i] = dtype === 'float32' ? rng.next() : rng.int(256) - low;
        return [name, { dtype, shape, data }];
      }),
    ),
  );
}

function zerosOf(graph: Graph): number {
  let [zeros, total] = [0, 0];
  for (const v of graph.values.values()) {
    if (!v.data || v.shape.length < 2) continue;
    for (const w of v.data) if (w === 0) zeros++;
    total += v.data.length;
  }
  return total === 0 ? 0 : zeros / total;
}

const agrees = (r: Row) => within(r.agreement, r.tolerance);
const megabytes = (n: number) => `${(n / 1e6).toFixed(2)}`;
const milliseconds = (n: number) => n.toPrecision(3);

function line(r: Row): string {
  const { value, low, high } = r.ours.speedup;
  const steps = r.tolerance.maxAbs !== undefined;
  return `| ${[
    r.model.name,
    megabytes(r.fileBytes),
    megabytes(r.denseBytes),
    megabytes(r.wasmBytes),
    `${(100 * r.zeros).toFixed(0)} %`,
    `${steps ? `${r.agreement.maxAbs} steps` : r.agreement.relL2.toExponential(1)}${agrees(r) ? '' : ' ✗'}`,
    `${(100 * r.agreement.top1Agreement).toFixed(0)} %`,
    milliseconds(r.ours.median),
    milliseconds(r.theirs.median),
    `${value.toFixed(2)} × [${low.toFixed(2)}, ${high.toFixed(2)}]`,
    r.runtime,
  ].join(' | ')} |`;
}

async function page(rows: readonly Row[], failures: readonly string[]): Promise<string> {
  const machine = await machineFacts(['@tensorflow/tfjs-backend-wasm', 'assemblyscript']);
  const head = [
    'model',
    'file',
    'dense',
    'module',
    'zeros',
    'error',
    'top-1',
    'ms',
    'theirs',
    'faster',
    'reference',
  ];
  return `# Published models

\`npm run bench:models\` on ${machine.cpu}, ${machine.cores} cores, ${machine.os}, ${machine.engine}; ${[...peers].join(', ')}; ${machine.date.slice(0, 10)}.

Nothing is pruned here: zeros are those of the weights as they were published. Sizes are in MB: the file, the module with every
weight stored, the module. Every model runs on ${samples} seeded inputs in its own runtime on one thread: the error is the relative L2
distance over all outputs and inputs (for integer outputs the largest distance, in steps), top-1 the share of inputs with the same largest
element of the first output. Times are medians of alternating rounds, in milliseconds, the ratio has its 95 % interval.

| ${head.join(' | ')} |
| ${head.map((_, i) => (i === 0 || i === head.length - 1 ? '---' : '--:')).join(' | ')} |
${rows.map(line).join('\n')}
${failures.length > 0 ? `\nNot compiled:\n\n${failures.join('\n')}\n` : ''}
Packages: ${[...new Set(rows.map((r) => `\`${r.model.package}\``))].join(', ')}.
`;
}

await main();
