/**
 * From bytes on disk to the first result, in fresh Node processes, alternating: espalier, tfjs-wasm, onnxruntime-web; on all CPUs, and on
 * one, as a small serverless function has it. All are required, as CommonJS; one row of ours is imported, as an ES module.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commonJs, importScript, requireScript, tfjsScript } from '../compiler/bench/coldscripts.ts';
import { coldStart } from '../compiler/bench/coldstart.ts';
import { compile, load, type Model, prune } from '../compiler/index.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { findPeer } from '../compiler/reference/peer.ts';
import { build, type ZooName } from '../examples/zoo/index.ts';
import { filesOf } from './models.ts';
import { toOnnx } from './onnx.ts';
import { peerFolder } from './peers.ts';
import { share } from './tables.ts';

export interface ColdRow {
  readonly network: string;
  readonly engine: string;
  /** Bytes → first result, inside the process. */
  readonly medianMs: number;
  readonly interval: readonly [low: number, high: number];
  /** Peak resident memory of the process. */
  readonly rss: number;
  /** Time over espalier's, dense. */
  readonly ratio: number;
  /** Time over that of the pruned network. */
  readonly overPruned: number;
  /** The same with all threads of a process on one CPU, where the machine can do that. */
  readonly oneCpu?: Pick<ColdRow, 'medianMs' | 'interval' | 'overPruned'>;
}

const onOneCpu = ['taskset', '-c', '0'];

/** The share of zeros of the pruned rows. */
const prunedTo = 0.9;

export async function benchColdStart(
  networks: readonly ZooName[],
  folder: string,
  rounds: number,
): Promise<ColdRow[]> {
  const tf = await loadBackend('wasm');
  const pins = spawnSync(onOneCpu[0], [...onOneCpu.slice(1), 'true']).status === 0;
  const rows: ColdRow[] = [];
  for (const network of networks) {
    const dir = join(folder, `cold-${network}`);
    mkdirSync(dir, { recursive: true });
    const files = await filesOf(tf, build(tf, network));
    const model = await load(files);
    const write = (name: string, contents: Uint8Array | string) => {
      writeFileSync(join(dir, name), contents);
      return join(dir, name);
    };
    const emit = async (of: Model, name: string, target: 'cjs' | 'esm') => {
      const { files } = await compile(of, { name, target });
      for (const [file, contents] of files) write(file, contents);
    };
    const pruned = await prune(model, { sparsity: prunedTo, allocation: 'uniform' });
    await emit(model, 'model', 'cjs');
    await emit(pruned, 'pruned', 'cjs');
    await emit(pruned, 'pruned', 'esm');
    for (const [name, contents] of Object.entries(files)) write(name, contents);
    // As in any project of modules; without it, Node reads .js files twice.
    write('package.json', '{"type":"module"}');
    write('model.onnx', toOnnx(model.graph));
    const shape = model.graph.values.get(model.graph.inputs[0].value)!.shape;

    const required = (name: string) => write(`espalier-${name}.cjs`, requireScript(join(dir, `${name}.cjs`)));
    const imported = write('espalier.mjs', importScript(pathToFileURL(join(dir, 'pruned.js')).href));
    const zeros = `espalier, ${share(prunedTo)} zeros`;
    const variants = [
      { name: 'espalier', module: required('model') },
      { name: zeros, module: required('pruned') },
      { name: `${zeros}, imported`, module: imported },
      { name: 'tfjs-wasm', module: write('tfjs.cjs', tfjs(dir, shape)) },
    ];
    const ort = findPeer('onnxruntime-web', [peerFolder('onnxruntime-web')]);
    if (ort)
      variants.push({ name: 'onnxruntime-web', module: write('ort.cjs', onnx(ort.folder, dir, shape)) });
    const { variants: results } = await coldStart(variants, { rounds });
    const pinned = pins ? await coldStart(variants, { rounds, through: onOneCpu }) : undefined;
    const times = (list: typeof results, i: number) => ({
      medianMs: list[i].median,
      interval: [list[i].interval.low, list[i].interval.high] as const,
      overPruned: list[i].median / list[1].median,
    });
    results.forEach((r, i) => {
      const ratio = r.median / results[0].median;
      rows.push({
        network,
        engine: r.name,
        ...times(results, i),
        rss: r.rss,
        ratio,
        ...(pinned && { oneCpu: times(pinned.variants, i) }),
      });
    });
  }
  return rows;
}

function tfjs(dir: string, shape: readonly number[]): string {
  const require = createRequire(import.meta.url);
  const beside = createRequire(require.resolve('@tensorflow/tfjs'));
  const wasm = require.resolve('@tensorflow/tfjs-backend-wasm');
  const paths = {
    core: beside.resolve('@tensorflow/tfjs-core'),
    layers: beside.resolve('@tensorflow/tfjs-layers'),
    wasm,
    binaries: `${dirname(wasm)}/`,
  };
  return tfjsScript(paths, [join(dir, 'model.json'), join(dir, 'weights.bin')], [shape]);
}

const onnx = (folder: string, dir: string, shape: readonly number[]) =>
  commonJs(`const { readFileSync } = require('node:fs');
const ort = require(${JSON.stringify(createRequire(join(folder, 'package.json')).resolve('onnxruntime-web'))});
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(${JSON.stringify(join(dir, 'model.onnx'))})), { executionProviders: ['wasm'] });
const shape = ${JSON.stringify(shape)};
const x = new ort.Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
await session.run({ [session.inputNames[0]]: x });
`);
