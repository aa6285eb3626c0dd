/**
 * What pruning costs in accuracy: networks trained on digits, pruned without training from 256 unlabelled samples and gradually
 * with distillation, beside magnitude pruning and the unpruned network through the same steps. Errors are on test digits that
 * training, pruning and calibration never saw. The seed draws the samples and their order.
 */
import { join } from 'node:path';
import { load } from '../compiler/index.ts';
import type { Graph } from '../compiler/ir/graph.ts';
import { random } from '../compiler/ir/random.ts';
import { packageRoot } from '../compiler/package-root.ts';
import {
  type FinetuneSettings,
  type PruneData,
  type PruneOptions,
  pruneGraph,
} from '../compiler/prune/index.ts';
import { loadDigits } from '../examples/data/digits.ts';
import { type Labelled, warp } from '../examples/data/labelled.ts';

export type NetworkName = 'lenet-300-100' | 'lenet-5';

/** How a network was pruned: by magnitude alone; from unlabelled samples; while it learned from labels and the dense network. */
export type Way = 'magnitude' | 'one-shot' | 'gradual';

export interface AccuracyRow {
  readonly network: NetworkName;
  readonly way: Way;
  /** Share of zeros in pruned layers, as counted; 0 is the control. */
  readonly sparsity: number;
  /** Error of the dense network, in percent. */
  readonly denseError: number;
  /** Error minus that of the dense network, in points; one for each seed. */
  readonly lost: readonly number[];
  /** Mean over seeds. */
  readonly seconds: number;
}

export interface AccuracyOptions {
  readonly networks: readonly NetworkName[];
  readonly ways: readonly Way[];
  readonly seeds: number;
  /** Instead of the levels of the tables. */
  readonly levels?: readonly number[];
  /** Shortens training by this factor. */
  readonly hurry?: number;
  readonly onRow?: (row: AccuracyRow) => void;
}

const levels: Record<NetworkName, Record<Way, readonly number[]>> = {
  'lenet-300-100': {
    magnitude: [0.9, 0.95, 0.98],
    'one-shot': [0, 0.9, 0.95],
    gradual: [0, 0.95, 0.98],
  },
  'lenet-5': {
    magnitude: [0.9, 0.95, 0.98, 0.99],
    'one-shot': [0, 0.9, 0.95],
    gradual: [0, 0.95, 0.98, 0.99],
  },
};

/** About as long as the dense networks were trained. */
const training: Record<NetworkName, FinetuneSettings> = {
  'lenet-300-100': { epochs: 50, lr: 2e-3, schedule: 'gradual' },
  'lenet-5': { epochs: 20, lr: 2e-3, schedule: 'gradual' },
};

/** Unlabelled samples of the one-shot rows. */
const unlabelled = 256;

export async function benchAccuracy(o: AccuracyOptions): Promise<AccuracyRow[]> {
  const digits = loadDigits();
  const rows: AccuracyRow[] = [];
  for (const network of o.networks) {
    const { graph } = await load(join(packageRoot(), 'examples/lenet/models', network));
    const evaluation = dataOf(graph, digits.test);
    for (const way of o.ways) {
      for (const sparsity of o.levels ?? levels[network][way]) {
        const runs = [];
        // Magnitude knows no chance.
        for (let seed = 1; seed <= (way === 'magnitude' ? 1 : o.seeds); seed++) {
          const options = optionsOf(graph, network, way, digits.train, seed, o.hurry ?? 1);
          runs.push(await run(graph, { ...options, sparsity, seed, evaluation }));
        }
        const row: AccuracyRow = {
          network,
          way,
          sparsity: runs[0].sparsity,
          denseError: runs[0].denseError,
          lost: runs.map((r) => r.lost),
          seconds: runs.reduce((s, r) => s + r.seconds, 0) / runs.length,
        };
        rows.push(row);
        o.onRow?.(row);
      }
    }
  }
  return rows;
}

function optionsOf(
  graph: Graph,
  network: NetworkName,
  way: Way,
  train: Labelled,
  seed: number,
  hurry: number,
): PruneOptions {
  const order = random(seed).shuffle(Uint32Array.from(train.y, (_, i) => i));
  if (way === 'gradual') {
    const { epochs, ...rest } = training[network];
    const augment = warp(train.shape, { turn: 0.2, scale: 0.12, shear: 0.15, reach: 2 });
    return { data: dataOf(graph, train, order), finetune: { ...rest, epochs: epochs! / hurry, augment } };
  }
  if (way === 'magnitude') return {};
  const { samples } = dataOf(graph, train, order.subarray(0, unlabelled));
  return { data: { samples } };
}

async function run(graph: Graph, options: PruneOptions) {
  const start = performance.now();
  const { report } = await pruneGraph(graph, options);
  const { accuracy, denseAccuracy } = report.agreement!;
  return {
    sparsity: report.sparsity.pruned,
    denseError: 100 * (1 - denseAccuracy!),
    lost: 100 * (denseAccuracy! - accuracy!),
    seconds: (performance.now() - start) / 1000,
  };
}

function dataOf(graph: Graph, { x, y }: Labelled, order?: Uint32Array): PruneData & { labels: Int32Array } {
  const [port] = graph.inputs;
  const { dtype, shape } = graph.values.get(port.value)!;
  const size = x.length / y.length;
  const indices = order ?? Uint32Array.from(y, (_, i) => i);
  return {
    samples: Array.from(indices, (i) => ({
      [port.name]: { dtype, shape, data: x.subarray(i * size, (i + 1) * size) },
    })),
    labels: Int32Array.from(indices, (i) => y[i]),
  };
}
