/** Time and peak memory of one-shot pruning, each network in a fresh process. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InternalError } from '../compiler/errors.ts';
import { load } from '../compiler/index.ts';
import { random } from '../compiler/ir/random.ts';
import { sizeOf } from '../compiler/ir/tensor.ts';
import { pruneGraph } from '../compiler/prune/index.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { build, saveModel, type ZooName } from '../examples/zoo/index.ts';

export interface CostRow {
  readonly network: string;
  readonly weights: number;
  readonly seconds: number;
  /** Of all threads of the process. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the process, samples included. */
  readonly rss: number;
  /** Day of the measurement, YYYY-MM-DD; '' where it was not noted. */
  readonly date: string;
}

type Measured = Omit<CostRow, 'network' | 'weights' | 'date'>;

export const costGoals = {
  'resnet-8': { seconds: 15, rss: 2e9 },
  'mobilenet-v2-1.0-224': { seconds: 300, rss: 2e9 },
} satisfies Partial<Record<ZooName, { seconds: number; rss: number }>>;

export type CostName = keyof typeof costGoals;

const samples = 256;
const sparsity = 0.8;

/** Weights are seeded: time and memory don't depend on what was learned. */
export async function benchCost(names: readonly CostName[], folder: string): Promise<CostRow[]> {
  const tf = await loadBackend('wasm');
  const rows: CostRow[] = [];
  for (const name of names) {
    const dir = join(folder, `cost-${name}`);
    mkdirSync(dir, { recursive: true });
    const model = build(tf, name);
    await saveModel(tf, model, dir);
    const measured = await inFreshProcess(dir);
    const date = new Date().toISOString().slice(0, 10);
    rows.push({ network: name, weights: model.countParams(), ...measured, date });
  }
  return rows;
}

/** What an earlier run left in the file, if there was one. */
export const costsIn = (path: string): CostRow[] =>
  existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Omit<CostRow, 'date'>[]).map((r) => ({ date: '', ...r }))
    : [];

async function inFreshProcess(dir: string): Promise<Measured> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) throw new InternalError(`pruning in a process of its own ended with code ${code}`);
  return JSON.parse(text) as Measured;
}

/** Smooth images: neighbours are alike. */
async function pruneOnce(dir: string): Promise<Measured> {
  const { graph } = await load(dir);
  const [port] = graph.inputs;
  const { dtype, shape } = graph.values.get(port.value)!;
  const chance = random(1);
  let last = 0;
  const image = () =>
    Float32Array.from({ length: sizeOf(shape) }, () => (last = 0.9 * last + 0.4 * chance.normal()));
  const data = {
    samples: Array.from({ length: samples }, () => ({ [port.name]: { dtype, shape, data: image() } })),
  };
  const start = performance.now();
  const before = process.cpuUsage();
  await pruneGraph(graph, { data, sparsity });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6, rss: 1024 * process.resourceUsage().maxRSS };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await pruneOnce(process.argv[2])));
