/** What `npm run bench` can run: one entry each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measurePeak } from '../compiler/bench/peak.ts';
import type { MachinePeak } from '../compiler/bench/types.ts';
import type { ZooName } from '../examples/zoo/index.ts';
import { benchAccuracy, cases, cifarCases, type Run, runCase } from './accuracy.ts';
import { benchCost, type CostName, costGoals, costsIn } from './accuracy-cost.ts';
import { available } from './accuracy-networks.ts';
import { accuracyTable, costTable, points } from './accuracy-table.ts';
import { type BreakEven, benchBreakEven } from './breakeven.ts';
import { benchBudgets, budgetTable, isMet, rowText } from './budgets.ts';
import { benchColdStart, type ColdRow } from './coldstart.ts';
import { benchCompile, compileTable } from './compile-cost.ts';
import { benchKernels, type KernelBenchOptions, type KernelRow } from './kernels.ts';
import { benchModels, type ModelRow } from './models.ts';
import { installPeers } from './peers.ts';
import { share, table } from './tables.ts';

export interface SectionOptions {
  /** Few shapes and rounds: a smoke test, whose numbers are not written down. */
  readonly quick: boolean;
  /** Fail where the chosen kernel lags the fastest candidate, and where a budget is not met. */
  readonly assert: boolean;
  /** Accuracy: only rows whose names contain this, and those anew. */
  readonly only?: string;
  /** Where raw numbers go. */
  readonly folder: string;
  /** The section as it stands in the document when it is asked for, '' if it is not there: runs take hours. */
  before(): string;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly byDefault: boolean;
  /** Whose versions are named beside the numbers. */
  readonly packages: readonly string[];
  /** Markdown, or nothing to write down. */
  run(options: SectionOptions): Promise<string | undefined>;
}

const save = (o: SectionOptions, name: string, rows: unknown) =>
  writeFileSync(join(o.folder, `${name}.json`), `${JSON.stringify(rows, null, 1)}\n`);

const times = (ratio: number, [low, high]: readonly [number, number]) =>
  `${ratio.toFixed(ratio < 10 ? 2 : 1)} × [${low.toFixed(1)}, ${high.toFixed(1)}]`;

/** A choice may lag the fastest candidate by this share, within which measurements differ from run to run. */
const chooserSlack = 0.15;

const kernels: Section = {
  name: 'kernels',
  title: 'Kernels: one layer, against the dense layer in tfjs-wasm',
  byDefault: true,
  packages: ['@tensorflow/tfjs-backend-wasm', 'assemblyscript'],
  async run(o) {
    const run = (more: KernelBenchOptions) =>
      benchKernels({
        densities: o.quick ? [1, 0.1] : [1, 0.5, 0.3, 0.2, 0.1, 0.05],
        all: o.assert,
        ...(o.assert && { retries: 0 }),
        minRounds: o.quick ? 3 : 9,
        minTimeMs: o.quick ? 10 : 30,
        onRow: (r) => console.error(`${r.group} ${r.shape} ${share(1 - r.density)}: ${r.ratio.toFixed(2)} ×`),
        ...more,
      });
    const scattered = await run({ groups: o.quick ? ['dense'] : undefined });
    const blocks = await run({ groups: ['dense'], block: [4, 1] });
    const rows = [...scattered, ...blocks.map((r) => ({ ...r, group: `${r.group}, zeros in 4×1 blocks` }))];
    save(o, o.assert ? 'choices' : 'kernels', rows);
    if (o.assert) assertChoices(rows);
    if (o.quick || o.assert) return undefined;
    const even = await benchBreakEven(9, 30);
    save(o, 'breakeven', even);
    return kernelTables(
      rows.filter((r) => r.chosen),
      await measurePeak(),
      even,
    );
  },
};

/** What the machine does at best, so that the tables can be held against it. */
function peakText({ gmacs, l1GBs }: MachinePeak): string {
  const loads = (l1GBs / 16) * 4;
  return (
    `This machine at best, on one thread, in 128-bit wasm SIMD: ${gmacs.toFixed(1)} GMAC/s of f32 multiply and add in registers; ` +
    `${l1GBs.toFixed(0)} GB/s of vector loads from L1, which at one load for each vector multiplied is ${loads.toFixed(1)} GMAC/s.`
  );
}

/**
 * GMAC/s of surviving weights: the layer with most channels beside one whose input fits the L1 cache. The clock of a machine may
 * change between rows: rates are scaled to the row in which the peer, whose work is always the same, was fastest.
 */
function wideLayers(rows: readonly KernelRow[], densities: readonly number[]): string {
  const of = (shape: string, d: number) => {
    const own = rows.filter((r) => r.shape === shape);
    const row = own.find((r) => r.density === d);
    return row ? (row.gmacs * row.peerNs) / Math.min(...own.map((r) => r.peerNs)) : 0;
  };
  const [wide, narrow] = ['49x1024x1024', '784x256x256'];
  const line = (name: string, cell: (d: number) => string) => [name, ...densities.map(cell)];
  const head = ['GMAC/s of surviving weights', ...densities.map((d) => `${share(1 - d)} zeros`)];
  return table(head, [
    line('1024×1024 at 7×7', (d) => of(wide, d).toFixed(1)),
    line('256×256 at 28×28', (d) => of(narrow, d).toFixed(1)),
    line('ratio', (d) => `${(of(wide, d) / of(narrow, d)).toFixed(2)} ×`),
  ]);
}

function kernelTables(rows: readonly KernelRow[], peak: MachinePeak, even: readonly BreakEven[]): string {
  const densities = [...new Set(rows.map((r) => r.density))].sort((a, b) => b - a);
  const parts: string[] = [
    peakText(peak),
    'Ratios: time of dense tfjs-wasm over ours, median of alternating rounds with its 95 % interval; sums count a shape as often as the network has it. "Loops alone": rows of sparse weights over one tile (48 pixels, 28 where tiles are copied) whose input and results lie in a row, times the tiles of the layer, so that nothing is copied or far: the most that this loop could give.',
    wideLayers(rows, densities),
    table(
      ['layers', 'CSR beats our dense below a density of', 'the fastest sparse kernel of each layer'],
      even.map((e) => [e.layers, share(e.csr), share(e.density)]),
    ),
  ];
  for (const group of new Set(rows.map((r) => r.group))) {
    const own = rows.filter((r) => r.group === group);
    const shapes = [...new Set(own.map((r) => r.shape))];
    const cell = (r: KernelRow | undefined) => (r ? times(r.ratio, r.interval) : '');
    const layers = (shape: string) => own.find((r) => r.shape === shape)!.times;
    const body = shapes.map((shape) => [
      layers(shape) > 1 ? `${shape} (× ${layers(shape)})` : shape,
      ...densities.map((d) => cell(own.find((r) => r.shape === shape && r.density === d))),
    ]);
    const sums = (ours: (r: KernelRow) => number | undefined) =>
      densities.map((d) => {
        const at = own.filter((r) => r.density === d);
        const sum = (ns: (r: KernelRow) => number | undefined) =>
          at.reduce((n, r) => n + r.times * (ns(r) ?? Number.NaN), 0);
        const ratio = sum((r) => r.peerNs) / sum(ours);
        return Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : '';
      });
    const loops = sums((r) => r.loopNs);
    parts.push(
      `### ${group}`,
      table(
        ['shape', ...densities.map((d) => `${share(1 - d)} zeros`)],
        [
          ...body,
          ['sum', ...sums((r) => r.oursNs)],
          ...(loops.some((cell) => cell) ? [['sum of the loops alone', ...loops]] : []),
        ],
      ),
    );
  }
  return parts.join('\n\n');
}

/** Prints every layer whose chosen kernel lags the fastest candidate, and fails where one does by more than the slack. */
function assertChoices(rows: readonly KernelRow[]): void {
  const cases = new Map<string, KernelRow[]>();
  for (const r of rows) {
    const key = `${r.group} ${r.shape} ${r.density}`;
    cases.set(key, [...(cases.get(key) ?? []), r]);
  }
  let late = 0;
  const lags: number[] = [];
  for (const [key, list] of cases) {
    const best = Math.min(...list.map((r) => r.oursNs));
    const chosen = list.find((r) => r.chosen)!;
    const lag = chosen.oursNs / best - 1;
    lags.push(lag);
    if (lag <= chooserSlack) continue;
    late++;
    console.error(`${key}: ${chosen.kernel} is ${share(lag)} slower than the fastest candidate`);
  }
  const mean = lags.reduce((a, b) => a + b, 0) / lags.length;
  console.error(`choices are ${(100 * mean).toFixed(1)} % slower than the fastest candidate on average`);
  console.error(
    `${cases.size - late} of ${cases.size} choices are within ${share(chooserSlack)} of the fastest`,
  );
  if (late > 0) process.exitCode = 1;
}

const networks: readonly ZooName[] = [
  'mobilenet-v1-1.0-224',
  'mobilenet-v1-0.25-96',
  'mobilenet-v2-1.0-224',
  'resnet-8',
  'ds-cnn',
  'autoencoder',
  'lstm-2',
  'lenet-5',
  'lenet-300-100',
];

const models: Section = {
  name: 'models',
  title: 'Networks: one inference on one thread, against dense engines',
  byDefault: true,
  packages: ['@tensorflow/tfjs-backend-wasm', 'assemblyscript'],
  async run(o) {
    const rows = await benchModels({
      networks: o.quick ? ['resnet-8', 'lenet-300-100'] : networks,
      sparsities: o.quick ? [0, 0.9] : [0, 0.5, 0.7, 0.8, 0.9, 0.95],
      granularities: o.quick ? ['element'] : ['element', '4x1'],
      minRounds: o.quick ? 3 : 11,
      minTimeMs: o.quick ? 20 : 200,
      onRow: (r) =>
        console.error(
          `${r.network} ${r.engine} ${share(r.sparsity)} ${r.granularity}: ${r.medianMs.toFixed(3)} ms`,
        ),
    });
    save(o, 'models', rows);
    return modelTable(rows);
  },
};

function modelTable(rows: readonly ModelRow[]): string {
  const body = rows.map((r) => {
    const ours = r.engine === 'espalier';
    const name = ours
      ? `espalier, ${r.sparsity === 0 ? 'dense' : `${share(r.sparsity)} zeros${r.granularity === 'element' ? '' : ` in ${r.granularity}`}`}`
      : r.engine;
    return [
      r.network,
      name,
      r.medianMs.toPrecision(3),
      times(r.speedup, r.interval),
      ours ? `${Math.round(r.wasmBytes! / 1000)}` : '',
      ours ? `${Math.round(r.memoryBytes! / 1000)}` : '',
      ours ? `${(r.compileMs! / 1000).toFixed(1)}` : '',
      ours && r.deadShare! > 0 ? share(r.deadShare!) : '',
    ];
  });
  return [
    'Weights are seeded, not trained: these rows are about time and bytes alone. Speed is relative to tfjs-wasm, median of alternating rounds with its 95 % interval. Outputs of all dense engines were compared first. Zeros leave some channels dead, random weights more of them than trained ones: "dead" is the share of weights that went with such channels, a gain that is not the sparse kernels\'.',
    table(['network', 'engine', 'ms', 'speed', 'wasm kB', 'memory kB', 'compile s', 'dead'], body),
  ].join('\n\n');
}

const coldstart: Section = {
  name: 'coldstart',
  title: 'Cold start: bytes to first result in a fresh process',
  byDefault: true,
  packages: ['@tensorflow/tfjs-backend-wasm', 'assemblyscript'],
  async run(o) {
    const list: readonly ZooName[] = o.quick
      ? ['lenet-300-100']
      : ['lenet-300-100', 'lenet-5', 'mobilenet-v1-0.25-96'];
    const rows: ColdRow[] = await benchColdStart(list, o.folder, o.quick ? 2 : 25);
    save(o, 'coldstart', rows);
    const ms = (r: Pick<ColdRow, 'medianMs' | 'interval'>) =>
      `${r.medianMs.toFixed(1)} [${r.interval.map((v) => v.toFixed(1)).join(', ')}]`;
    const body = rows.map((r) => [
      r.network,
      r.engine,
      ms(r),
      `${r.ratio.toFixed(1)} ×`,
      `${r.overPruned.toFixed(1)} ×`,
      ...(r.oneCpu ? [ms(r.oneCpu), `${r.oneCpu.overPruned.toFixed(1)} ×`] : ['', '']),
      (r.rss / 1e6).toFixed(0),
    ]);
    const pinned = ['on one CPU, ms', 'over 90 % zeros'];
    return table(
      ['network', 'engine', 'ms', 'over espalier', 'over 90 % zeros', ...pinned, 'resident MB'],
      body,
    );
  },
};

const accuracy: Section = {
  name: 'accuracy',
  title: 'Accuracy: what pruning costs on images that nothing else has seen',
  byDefault: false,
  packages: ['@tensorflow/tfjs-backend-wasm', 'mnist'],
  async run(o) {
    if (o.quick) {
      for (const way of ['magnitude', 'one-shot', 'trained'] as const) {
        const c = { network: 'lenet-300-100', way, granularity: 'element', sparsity: 0.9, seeds: 1 } as const;
        tellRun(await runCase(c, 1, 25));
      }
      return undefined;
    }
    if (!cases.every((c) => available(c.network)))
      console.error('without Fashion-MNIST: apt-get install dataset-fashion-mnist');
    const journal = join(o.folder, 'accuracy.jsonl');
    const rows = await benchAccuracy({ cases, journal, only: o.only, onRun: tellRun });
    if ('cost'.includes(o.only ?? ''))
      save(o, 'accuracy-cost', await benchCost(Object.keys(costGoals) as CostName[], o.folder));
    const costs = costsIn(join(o.folder, 'accuracy-cost.json'));
    const before = o.before();
    return [accuracyTable(rows, before), costTable(costs, before)].join('\n\n');
  },
};

const cifar: Section = {
  name: 'accuracy-cifar',
  title: 'Accuracy on CIFAR-10',
  byDefault: false,
  packages: ['@tensorflow/tfjs-backend-wasm'],
  async run(o) {
    const journal = join(o.folder, 'accuracy-cifar.jsonl');
    const rows = await benchAccuracy({ cases: cifarCases, journal, only: o.only, onRun: tellRun });
    return accuracyTable(rows, o.before());
  },
};

const tellRun = (r: Run) =>
  console.error(`${r.name} seed ${r.seed}: ${points([r.lost])} points lost, ${r.seconds.toFixed(0)} s`);

const peers: Section = {
  name: 'peers',
  title: 'Installs the optional peers',
  byDefault: false,
  packages: [],
  async run() {
    installPeers();
    return undefined;
  },
};

const budgets: Section = {
  name: 'budgets',
  title: 'Budgets: met, when measured',
  byDefault: false,
  packages: ['assemblyscript'],
  async run(o) {
    const rows = await benchBudgets({
      networks: o.quick ? ['lenet-300-100'] : ['lenet-300-100', 'lenet-5', 'resnet-8'],
      count: o.quick ? 2 : 10,
      onRow: (r) => console.error(rowText(r)),
    });
    save(o, 'budgets', rows);
    if (o.assert && !rows.every(isMet)) process.exitCode = 1;
    return budgetTable(rows);
  },
};

const compiling: Section = {
  name: 'compile',
  title: 'Compiling: time and memory of the whole process',
  byDefault: false,
  packages: ['assemblyscript'],
  async run(o) {
    const networks = o.quick
      ? (['lenet-5'] as const)
      : (['lenet-5', 'mobilenet-v1-0.25-96', 'mobilenet-v1-1.0-224', 'mobilenet-v2-1.0-224'] as const);
    const rows = await benchCompile(networks, o.folder, o.quick ? 1 : 3);
    save(o, 'compile', rows);
    return compileTable(rows);
  },
};

export const sections: readonly Section[] = [
  kernels,
  models,
  coldstart,
  accuracy,
  budgets,
  compiling,
  cifar,
  peers,
];
