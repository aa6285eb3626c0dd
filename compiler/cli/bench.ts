import type { BenchReport } from '../bench/types.ts';
import type { Model } from '../model.ts';
import { type CommandSpec, type Context, option } from './command.ts';
import { compileOptions } from './compile.ts';
import {
  backendOption,
  dataForms,
  type ImageFlags,
  imageOptions,
  type ModelOptions,
  modelOptions,
  openModel,
  openPruned,
  openSource,
  sampleSource,
} from './inputs.ts';
import { whole } from './parse.ts';
import { type PruneFlags, pruneModel, pruneOptions, wantsPruning } from './prune.ts';
import * as format from './ui/format.ts';

export interface BenchFlags extends ModelOptions, PruneFlags, ImageFlags {
  readonly data?: string;
  readonly labels?: string;
  readonly simd: 'auto' | 'scalar' | 'simd' | 'relaxed';
  readonly optimize: 'speed' | 'size';
  readonly backend?: 'wasm' | 'cpu' | 'node';
  readonly coldRounds: number;
  readonly profile?: boolean;
  readonly html?: string;
}

export const bench: CommandSpec = {
  name: 'bench',
  summary: 'Compares the original in its own runtime with the dense and the sparse module.',
  args: [
    ['<model>', 'model.json or its folder, .onnx, .tflite, .h5 or .keras'],
    ['[pruned]', 'a pruned copy of it'],
  ],
  options: [
    option('--data <path>', `inputs to be right on: ${dataForms}`),
    option('--labels <file>', 'their classes: .npy, or folder: the sub-folder of each image'),
    ...imageOptions(),
    ...compileOptions().filter((o) => o.name() !== 'target'),
    backendOption(),
    option('--cold-rounds <n>', 'fresh processes for each cold start, 0 for none')
      .argParser(whole)
      .default(9),
    option('--profile', 'time every step, and say what share of the machine it gets'),
    option('--html <file>', 'write a page with plots'),
    ...pruneOptions(),
    ...modelOptions(),
  ],
  examples: [
    'bench model.json',
    'bench model.json pruned/model.json --data x.npy --labels y.npy',
    'bench model.json --sparsity 0.9 --data x.npy --labels y.npy --html report.html',
    'bench model.json --profile --cold-rounds 0',
  ],
  async action(context: Context, [path, copy]: readonly string[], options: BenchFlags) {
    const original = await openModel(context, path, options);
    const start = copy === undefined ? original : await openPruned(context, original, copy, options);
    // What results are judged on takes no part in pruning.
    const { data: evaluation, labels: evaluationLabels, ...rest } = options;
    const flags = { ...rest, evaluation, evaluationLabels };
    const model = wantsPruning(options) ? await pruneModel(context, start, flags) : start;
    const report = await benchModel(context, model, options);
    const { terminalTable } = await import('../bench/tables.ts');
    const parts = [terminalTable(report), ...(options.profile ? [await profileText(report)] : [])];
    if (options.html !== undefined) {
      await writePage(context, report, options.html);
      parts.push(`page: ${format.printable(options.html)}`);
    }
    context.result(report, [...parts, ...report.notes].join('\n\n'));
    return 0;
  },
};

async function benchModel(context: Context, model: Model, options: BenchFlags): Promise<BenchReport> {
  const { data, labels: classes } = options;
  const { samples, labels } = (await openSource(model, sampleSource(data, classes, options))) ?? {};
  const { bench } = await import('../index.ts');
  const { seed } = context.options;
  return bench(model, { ...options, samples, labels, seed, progress: context.progress });
}

export async function writePage(context: Context, report: BenchReport, path: string): Promise<void> {
  if (context.options.dryRun) return;
  const [{ htmlReport }, { writeFiles }, { basename, dirname }] = await Promise.all([
    import('../bench/report.ts'),
    import('../import/write-files.ts'),
    import('node:path'),
  ]);
  writeFiles(dirname(path), new Map([[basename(path), htmlReport(report)]]));
}

async function profileText({ layers, machine }: BenchReport): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const rows = layers.map((l) => {
    const gmacs = l.measuredNs ? l.macs / l.measuredNs : 0;
    return [
      l.name,
      l.format,
      l.kernel,
      format.percent(l.sparsity),
      l.measuredNs === undefined ? '' : format.duration(l.measuredNs / 1e6),
      format.duration((l.predictedNs ?? 0) / 1e6),
      format.significant(gmacs),
      machine.peak ? format.percent(gmacs / machine.peak.gmacs, 0) : '',
    ];
  });
  return table(
    ['layer', 'format', 'kernel', 'zeros', 'measured', 'predicted', 'GMAC/s', 'of peak'],
    rows,
    [0, 1, 2],
  );
}
