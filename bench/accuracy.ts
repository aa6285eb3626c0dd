/**
 * What pruning costs in accuracy: trained networks pruned without training from 256 unlabelled samples, repaired by distillation
 * on the same samples, and trained with labels, beside magnitude pruning and the unpruned network through the same steps. Errors
 * are on test images that training, pruning and calibration never saw. The seed draws the samples and their order.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { random } from '../compiler/ir/random.ts';
import { type Answers, answersOf, compare } from '../compiler/prune/answers.ts';
import { partOf } from '../compiler/prune/data.ts';
import { type PruneOptions, parseGranularity, pruneGraph } from '../compiler/prune/index.ts';
import { loadBackend } from '../compiler/prune/train/backend.ts';
import { available, dataOf, type Network, type NetworkName, openNetwork } from './accuracy-networks.ts';

/**
 * By magnitude alone; from unlabelled samples; the same, then distilled from the dense network on those samples; with labels and
 * distillation on all training images.
 */
export type Way = 'magnitude' | 'one-shot' | 'distilled' | 'trained';

export interface Case {
  readonly network: NetworkName;
  readonly way: Way;
  readonly granularity: string;
  /** 0 is the control: the dense network through the same steps. */
  readonly sparsity: number;
  /** Points of error that may be added at most. */
  readonly goal?: number;
  readonly seeds: number;
}

export interface Run {
  readonly name: string;
  readonly seed: number;
  /** Share of zeros in pruned layers, as counted. */
  readonly sparsity: number;
  /** Error of the dense network, in percent. */
  readonly denseError: number;
  /** Error minus that of the dense network, in points. */
  readonly lost: number;
  readonly seconds: number;
  /** Day of the measurement, YYYY-MM-DD; '' in lines of journals that didn't note it. */
  readonly date: string;
}

export interface AccuracyRow extends Case {
  readonly runs: readonly Run[];
}

type Levels = Partial<Record<Way, readonly (number | readonly [sparsity: number, goal: number])[]>>;

function casesOf(network: NetworkName, levels: Levels, granularity = 'element') {
  return Object.entries(levels).flatMap(([way, list]) =>
    list.map((level): Case => {
      const [sparsity, goal] = typeof level === 'number' ? [level] : level;
      // Magnitude knows no chance, and a training is too long for a control to be made thrice.
      const seeds = way === 'magnitude' || (way === 'trained' && sparsity === 0) ? 1 : 3;
      return { network, way: way as Way, granularity, sparsity, goal, seeds };
    }),
  );
}

const small: Levels = {
  magnitude: [0.7, 0.8, 0.9],
  'one-shot': [0, [0.7, 1], [0.8, 3]],
  distilled: [0, [0.9, 8]],
  trained: [0, [0.9, 1.5]],
};
const blocks: Levels = {
  magnitude: [0.5, 0.7],
  'one-shot': [
    [0.5, 2],
    [0.7, 10],
  ],
};
export const cases: readonly Case[] = [
  ...casesOf('lenet-300-100', {
    magnitude: [0.9, 0.95, 0.98],
    'one-shot': [0, [0.9, 0.5], [0.95, 1.4]],
    trained: [0, [0.95, 0.1], [0.98, 1]],
  }),
  ...casesOf('lenet-5', {
    magnitude: [0.9, 0.95, 0.98, 0.99],
    'one-shot': [0, [0.9, 0.1], [0.95, 0.25]],
    trained: [0, [0.95, 0], [0.98, 0.3], [0.99, 1]],
  }),
  ...casesOf('resnet-8', small),
  ...casesOf('resnet-8', blocks, '4x1'),
  ...casesOf('mobilenet-v1-0.25', small),
];

/** The levels of Fashion-MNIST, whose goals are not for these images; training on all of them takes an hour. */
export const cifarCases: readonly Case[] = [
  ...casesOf('resnet-8-cifar', small),
  ...casesOf('resnet-8-cifar', blocks, '4x1'),
].map((c) => ({ ...c, goal: undefined, seeds: c.way === 'trained' ? 1 : c.seeds }));

export const nameOf = ({ network, way, granularity, sparsity }: Case): string =>
  `${network} ${way} ${granularity} ${100 * sparsity}`;

export interface AccuracyOptions {
  readonly cases: readonly Case[];
  /** Runs that were made, a line each: an interrupted benchmark goes on behind them. */
  readonly journal: string;
  /** Only cases whose names contain this, and those anew. */
  readonly only?: string;
  readonly run?: (c: Case, seed: number) => Promise<Run>;
  readonly onRun?: (run: Run) => void;
}

/** Samples of the rows without labels. Of 1,000 and more, pruning would put some aside for its report. */
const unlabelled = 256;

/** All rows with their runs, those of earlier calls among them; rows that this machine never measured have none. */
export async function benchAccuracy(o: AccuracyOptions): Promise<AccuracyRow[]> {
  const { cases, journal, only, run = runCase } = o;
  const wanted = cases.filter((c) => available(c.network) && nameOf(c).includes(only ?? ''));
  let runs = existsSync(journal) ? linesOf(journal) : [];
  const missing = (c: Case) =>
    Array.from({ length: c.seeds }, (_, i) => i + 1).filter(
      (seed) => !runs.some((r) => r.name === nameOf(c) && r.seed === seed),
    );
  // What was finished, or is asked for by name, is measured anew.
  if (only !== undefined || wanted.every((c) => missing(c).length === 0)) {
    const names = new Set(wanted.map(nameOf));
    runs = runs.filter((r) => !names.has(r.name));
    writeFileSync(journal, runs.map((r) => `${JSON.stringify(r)}\n`).join(''));
  }
  for (const c of wanted) {
    for (const seed of missing(c)) {
      const made = await run(c, seed);
      runs.push(made);
      appendFileSync(journal, `${JSON.stringify(made)}\n`);
      o.onRun?.(made);
    }
  }
  return cases.map((c) => ({ ...c, runs: runs.filter((r) => r.name === nameOf(c)) }));
}

const linesOf = (journal: string): Run[] =>
  readFileSync(journal, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ date: '', ...(JSON.parse(line) as Omit<Run, 'date'>) }));

/** `hurry` shortens training by that factor. */
export async function runCase(c: Case, seed: number, hurry = 1): Promise<Run> {
  const { network, sparsity, granularity } = c;
  const net = await openNetwork(network);
  const start = performance.now();
  const { graph, report } = await pruneGraph(net.graph, {
    ...optionsOf(net, c, seed, hurry),
    granularity: parseGranularity(granularity),
    sparsity,
    seed,
  });
  const seconds = (performance.now() - start) / 1000;
  const tf = await loadBackend('wasm');
  const test = partOf(graph, dataOf(graph, net.split.test));
  const dense = denseAnswers.get(net) ?? answersOf(tf, net.graph, test);
  denseAnswers.set(net, dense);
  const { accuracy, denseAccuracy } = compare(dense, answersOf(tf, graph, test), test.y);
  return {
    name: nameOf(c),
    seed,
    sparsity: report.sparsity.pruned,
    denseError: 100 * (1 - denseAccuracy!),
    lost: 100 * (denseAccuracy! - accuracy!),
    seconds,
    date: new Date().toISOString().slice(0, 10),
  };
}

const denseAnswers = new Map<Network, Answers>();

function optionsOf(net: Network, { way }: Case, seed: number, hurry: number): PruneOptions {
  const { graph, split } = net;
  if (way === 'magnitude') return {};
  const order = random(seed).shuffle(Uint32Array.from(split.train.y, (_, i) => i));
  if (way === 'trained') {
    const { epochs, ...rest } = net.training;
    // With some images for the report, none of the training images is put aside for it.
    const evaluation = dataOf(
      graph,
      split.validation,
      Uint32Array.from({ length: 100 }, (_, i) => i),
    );
    return {
      data: dataOf(graph, split.train, order),
      evaluation,
      finetune: { ...rest, epochs: epochs! / hurry },
    };
  }
  const images = dataOf(graph, split.train, order.subarray(0, unlabelled));
  const data = { samples: images.samples };
  return way === 'distilled' ? { data, finetune: { batch: 32 } } : { data };
}
