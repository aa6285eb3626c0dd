import type { Method } from '../prune/index.ts';
import type { ReportOptions, SweepOptions, SweepResult, SweepSpec } from '../sweep/index.ts';
import { type CommandSpec, type Context, option } from './command.ts';
import { compile, compileOptions } from './compile.ts';
import { type FinetuneFlags, finetuneOf } from './finetune.ts';
import { type ModelOptions, modelOptions, modelSource } from './inputs.ts';
import { exitCode, interruptible } from './interrupt.ts';
import { commandLine } from './line.ts';
import { choices, fractions, names, notNegative, whole } from './parse.ts';
import {
  dataSources,
  layerRules,
  type PruneFlags,
  pruneOptions,
  type TrainFlags,
  trainOptions,
} from './prune.ts';
import * as format from './ui/format.ts';

interface ReportFlags {
  readonly out: string;
  readonly latency: 'measured' | 'predicted';
  readonly maxDrop: number;
  readonly optimize: 'speed' | 'size';
}

interface SweepFlags
  extends ReportFlags,
    ModelOptions,
    Omit<PruneFlags, 'maxDrop'>,
    TrainFlags,
    FinetuneFlags {
  readonly simd: 'auto' | 'scalar' | 'simd' | 'relaxed';
  readonly sparsities?: readonly number[];
  readonly methods?: readonly (Method | 'auto')[];
  readonly granularities?: readonly string[];
  readonly allocations?: SweepSpec['grid']['allocations'];
  readonly jobs?: number;
  readonly shard?: string;
}

const reportOptions = () => [
  option('-o, --out <folder>', 'where results go as they come, and where a sweep goes on').default('sweep'),
  option('--latency <how>', 'time the modules when all are done, or go by the cost model')
    .choices(['measured', 'predicted'])
    .default('measured'),
  option('--max-drop <points>', 'that the recommended point may lose').argParser(notNegative).default(1),
];

/** Options of pruning that a sweep varies or does without. */
const varied = [
  ...['sparsity', 'threshold', 'method', 'allocation', 'granularity', 'checkpoint', 'resume'],
  ...['maxBytes', 'maxLatency', 'maxMacs', 'maxDrop'],
];
const shared = () =>
  [...pruneOptions(), ...trainOptions()].filter((o) => !varied.includes(o.attributeName()));

const merge: CommandSpec = {
  name: 'merge',
  summary: 'Joins the shards of a sweep.',
  args: [['<folders...>', 'of all shards']],
  options: [
    ...reportOptions(),
    option('--optimize <goal>', 'what is recommended by').choices(['speed', 'size']).default('speed'),
  ],
  examples: ['sweep merge shard-1 shard-2 -o sweep'],
  async action(context: Context, folders: readonly string[], options: ReportFlags) {
    const { mergeSweeps } = await import('../sweep/index.ts');
    const result = await mergeSweeps(folders, options.out, reporting(context, options));
    await present(context, result, options.out);
    return 0;
  },
};

export const sweep: CommandSpec = {
  name: 'sweep',
  summary: 'Tries sparsities, methods and granularities, and says which to take.',
  args: [['<model>', 'model.json, or its folder']],
  options: [
    ...reportOptions(),
    option('--sparsities <list>', 'default: 0.5,0.7,0.8,0.9,0.95').argParser(fractions),
    option('--methods <list>', 'as --method of prune (default: auto)').argParser(names),
    option('--granularities <list>', 'as --granularity of prune (default: element,4x1)').argParser(names),
    option('--allocations <list>', 'as --allocation of prune (default: lamp)').argParser(names),
    option(
      '--jobs <n>',
      'points at a time, each in a process of its own (default: by cores and memory)',
    ).argParser(whole),
    option('--shard <i/n>', 'only this part of the grid: sweep merge joins them'),
    ...compileOptions().filter((o) => o.name() !== 'target'),
    ...shared(),
    ...modelOptions(),
  ],
  commands: [merge],
  examples: [
    'sweep model.json --calibrate x.npy',
    'sweep model.json --calibrate x.npy --evaluation test.npy --evaluation-labels test-y.npy -o sweep',
    'sweep model.json --calibrate x.npy --methods magnitude,alps --granularities element,2x1,4x1,2:4',
    'sweep model.json --calibrate x.npy --shard 1/4 -o shard-1',
    'sweep merge shard-1 shard-2 shard-3 shard-4 -o sweep',
  ],
  async action(context: Context, [path]: readonly string[], options: SweepFlags) {
    const { sweep } = await import('../sweep/index.ts');
    const spec = await specOf(context, path, options);
    const { out, jobs } = options;
    const how: SweepOptions = { ...reporting(context, options), jobs };
    let ended = false;
    const result = await interruptible(async (signal) => {
      const result = await sweep(spec, out, { ...how, signal });
      ended = signal.aborted;
      return result;
    });
    if (ended) {
      context.say(`what is done is in ${format.printable(out)}; the same command goes on with it`);
      return exitCode;
    }
    if (!result) {
      context.result(
        { out, shard: spec.shard },
        `shard ${options.shard} is done, in ${format.printable(out)}`,
      );
      return 0;
    }
    await present(context, result, out, (point) => commandOf(context, path, options, result, point));
    return 0;
  },
};

const reporting = (context: Context, { latency, maxDrop, optimize }: ReportFlags): ReportOptions => ({
  latency,
  maxDrop,
  goal: optimize,
  seed: context.options.seed,
  progress: context.progress,
});

async function specOf(context: Context, path: string, flags: SweepFlags): Promise<SweepSpec> {
  const [{ defaultGrid, parseShard }, { resolve }, { methods, allocations }] = await Promise.all([
    import('../sweep/index.ts'),
    import('node:path'),
    import('../prune/index.ts'),
  ]);
  const absolute = <S extends { path: string; labels?: string }>(s: S | undefined): S | undefined =>
    s && {
      ...s,
      path: resolve(s.path),
      ...(s.labels !== undefined && s.labels !== 'folder' && { labels: resolve(s.labels) }),
    };
  const { data, evaluation } = dataSources(flags);
  return {
    sources: {
      model: absolute(modelSource(path, flags))!,
      data: absolute(data),
      evaluation: absolute(evaluation),
    },
    prune: {
      calibration: flags.samples,
      vary: flags.vary,
      layers: await layerRules(flags),
      // Of many points most are thrown away: they are trained only when asked for.
      finetune: finetuneOf(flags) ?? false,
      seed: context.options.seed,
    },
    compile: { simd: flags.simd, optimize: flags.optimize },
    grid: {
      sparsities: flags.sparsities ?? defaultGrid.sparsities,
      methods: choices('--methods', flags.methods ?? defaultGrid.methods, ['auto', ...methods]),
      granularities: flags.granularities ?? defaultGrid.granularities,
      allocations: choices('--allocations', flags.allocations ?? defaultGrid.allocations, allocations),
    },
    shard: flags.shard === undefined ? { index: 1, count: 1 } : parseShard(flags.shard),
  };
}

/** The command that makes the recommended module. */
function commandOf(
  context: Context,
  path: string,
  options: SweepFlags,
  { points }: SweepResult,
  id: string,
): string {
  const { sparsity, method, granularity, allocation } = points.find((p) => p.id === id)!;
  const given = Object.fromEntries(
    Object.entries(options).filter(
      ([name]) => context.given.has(name) && name !== 'out' && name !== 'maxDrop',
    ),
  );
  const { finetune = finetuneOf(options) !== undefined } = options;
  const values = {
    ...given,
    sparsity,
    method,
    granularity,
    allocation,
    finetune,
    seed: context.options.seed,
  };
  return commandLine('compile', [path], [...compile.options!, seedOption()], values);
}

const seedOption = () => option('--seed <n>', '');

async function present(
  context: Context,
  result: SweepResult,
  out: string,
  commandOf?: (point: string) => string,
): Promise<void> {
  const { text, point } = result.recommendation;
  const command = point === undefined ? undefined : commandOf?.(point);
  const data = { ...result, recommendation: { ...result.recommendation, command } };
  const [{ sweepPage }, { writeFiles }] = await Promise.all([
    import('../sweep/page.ts'),
    import('../import/write-files.ts'),
  ]);
  writeFiles(
    out,
    new Map([
      ['sweep.json', `${JSON.stringify(data, null, 2)}\n`],
      ['sweep.html', sweepPage(result, command)],
    ]),
  );
  const parts = [
    await frontierTable(result),
    `Recommended: ${format.printable(text)}`,
    ...(command === undefined ? [] : [`  ${format.printable(command)}`]),
    `all points with plots: ${format.printable(out)}/sweep.html`,
  ];
  context.result(data, parts.join('\n'));
}

/** The points that no other beats, and what the rest is. */
async function frontierTable({ points, metric, recommendation, dense }: SweepResult): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const measured = points.some((p) => p.latency);
  const best = points
    .filter((p) => p.pareto)
    .sort((a, b) => (b.accuracy ?? b.agreement!) - (a.accuracy ?? a.agreement!));
  const rows = best.map((p) => [
    p.id === recommendation.point ? '★' : '',
    p.method,
    p.granularity,
    p.allocation,
    format.percent(p.zeros!),
    format.percent(p.accuracy ?? p.agreement!, 2),
    format.bytes(p.brotli!),
    format.duration(p.latency?.median ?? p.predictedNs! / 1e6),
    format.ratio(p.latency?.speedup.value ?? dense.predictedNs / p.predictedNs!),
  ]);
  const denseRow = [
    ...[
      '',
      'dense',
      '',
      '',
      format.percent(0),
      dense.accuracy === undefined ? '' : format.percent(dense.accuracy, 2),
    ],
    format.bytes(dense.brotli),
    format.duration(dense.latency ?? dense.predictedNs / 1e6),
    '',
  ];
  const head = ['', 'method', 'granularity', 'allocation', 'zeros', metric, 'brotli'];
  const failed = points.filter((p) => p.error !== undefined).length;
  const others = points.length - best.length - failed;
  return [
    table([...head, measured ? 'time' : 'time, predicted', 'to dense'], [denseRow, ...rows], [0, 1, 2, 3]),
    `${others} other points are beaten by one of these${failed > 0 ? `; ${failed} failed` : ''}`,
    '',
  ].join('\n');
}
