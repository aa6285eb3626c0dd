import { safeName } from '../../targets/target.ts';
import type { Model } from '../model.ts';
import type { PruneModelOptions } from '../options.ts';
import type { Budget, BudgetReport, LayerRule, PruneOptions, PruneReport } from '../prune/index.ts';
import { methods } from '../prune/math/problem.ts';
import { allocations } from '../prune/options.ts';
import type { RunSources } from '../recipe.ts';
import { type CheckpointFlags, checkpointOf, checkpointOptions } from './checkpoint.ts';
import { type CommandSpec, type Context, option } from './command.ts';
import { type FinetuneFlags, finetuneOf, finetuneOptions } from './finetune.ts';
import {
  dataForms,
  type ImageFlags,
  imageOptions,
  type ModelOptions,
  modelOptions,
  modelSource,
  openModel,
  openSource,
  sampleSource,
} from './inputs.ts';
import { interruptible } from './interrupt.ts';
import { fraction, list, points, positive, quantity, size, time, whole } from './parse.ts';
import { followed, type RecipeFlags, recipeName, recipeOptions } from './recipe.ts';
import * as format from './ui/format.ts';

/** How to prune: the same flags wherever a command prunes on its way. */
export interface PruneFlags {
  readonly sparsity?: number;
  readonly threshold?: number;
  readonly maxBytes?: number;
  readonly maxLatency?: number;
  readonly maxMacs?: number;
  readonly maxDrop?: number;
  readonly method?: PruneOptions['method'];
  readonly allocation?: PruneOptions['allocation'];
  readonly granularity?: string;
  readonly layer?: readonly string[];
  readonly keep?: readonly string[];
  readonly calibrate?: string;
  readonly samples?: number;
  readonly vary?: boolean;
}

/** With what to repair, and to judge. */
export interface TrainFlags extends FinetuneFlags, ImageFlags, CheckpointFlags {
  readonly data?: string;
  readonly labels?: string;
  readonly evaluation?: string;
  readonly evaluationLabels?: string;
}

export const pruneOptions = () => [
  option('--sparsity <share>', 'share of zeros among the weights of pruned layers, as 0.9 or 90%').argParser(
    fraction,
  ),
  option('--threshold <x>', 'instead: every weight of smaller magnitude goes').argParser(positive),
  option('--max-bytes <size>', 'instead: what the .wasm may take, as 20kB').argParser(size),
  option('--max-latency <time>', 'instead: median of one inference on this machine, as 2ms').argParser(time),
  option('--max-macs <n>', 'instead: multiply-accumulates of what is left, as 5M').argParser(quantity),
  option(
    '--max-drop <points>',
    'instead, or besides: of accuracy, or without labels of answers like the dense ones, as 0.5',
  ).argParser(points),
  option('--method <name>', 'how weights are chosen (default: auto, the best that the data allow)').choices([
    'auto',
    ...methods,
  ]),
  option('--allocation <policy>', 'how zeros are shared out between layers').choices(allocations),
  option('--granularity <shape>', 'what goes together: element, 4x1, 1x4, 2x1, 2:4 or channel'),
  option(
    '--layer <pattern=share>',
    'sparsity of the layers of this name, * for anything (again for more)',
  ).argParser(list),
  option('--keep <pattern>', 'leave these layers alone (again for more)').argParser(list),
  option('--calibrate <path>', `sample inputs without labels: ${dataForms}`),
  option('--samples <n>', 'at most so many of them for calibration (default: 1024)').argParser(whole),
  option('--no-vary', 'samples as they are, without slight variations and mixtures of them'),
];

export const trainOptions = () => [
  option('--data <path>', `inputs to learn from: ${dataForms}`),
  option('--labels <file>', 'their classes: .npy, or folder: the sub-folder of each image'),
  option('--evaluation <path>', 'inputs of their own for the reported agreement and accuracy'),
  option('--evaluation-labels <file>', 'their classes'),
  ...imageOptions(),
  ...finetuneOptions(),
  ...checkpointOptions(),
];

export const wantsPruning = (flags: PruneFlags) =>
  [flags.sparsity, flags.threshold, flags.granularity, flags.layer, budgetOf(flags)].some(
    (o) => o !== undefined,
  );

function budgetOf({ maxBytes, maxLatency, maxMacs, maxDrop }: PruneFlags): Budget | undefined {
  const budget: Budget = { bytes: maxBytes, latencyMs: maxLatency, macs: maxMacs, drop: maxDrop };
  const given = Object.entries(budget).filter(([, v]) => v !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** Prunes, and tells what it did. `compile`: how the modules that a budget counts are compiled. */
export async function pruneModel(
  context: Context,
  model: Model,
  flags: PruneFlags & TrainFlags,
  compile?: PruneModelOptions['compile'],
): Promise<Model> {
  const [{ prune }, { parseGranularity }] = await Promise.all([
    import('../index.ts'),
    import('../prune/index.ts'),
  ]);
  const { sparsity, threshold, method, allocation, granularity } = flags;
  const sources = dataSources(flags);
  const options = {
    sparsity,
    threshold,
    budget: budgetOf(flags),
    method,
    allocation,
    granularity: granularity === undefined ? undefined : parseGranularity(granularity),
    layers: await layerRules(flags),
    data: await openSource(model, sources.data),
    evaluation: await openSource(model, sources.evaluation),
    calibration: flags.samples,
    vary: flags.vary,
    finetune: finetuneOf(flags),
    seed: context.options.seed,
    progress: context.progress,
    checkpoint: await checkpointOf(flags),
    compile,
  };
  const pruned = await interruptible((signal) => prune(model, { ...options, signal }));
  context.say(`${await reportText(pruned.pruning!.report!)}\n`);
  return pruned;
}

/** Of many images or a long program only what calibration will look at is read. */
const defaultSamples = 1024;

export function dataSources(flags: PruneFlags & TrainFlags): Omit<RunSources, 'model'> {
  const { calibrate, data, labels, evaluation, evaluationLabels, samples = defaultSamples } = flags;
  return {
    data:
      data === undefined
        ? sampleSource(calibrate, undefined, flags, samples)
        : sampleSource(data, labels, flags),
    evaluation: sampleSource(evaluation, evaluationLabels, flags),
  };
}

/** `--layer` and `--keep`. Throws `E_USAGE`. */
export async function layerRules({ layer = [], keep = [] }: PruneFlags): Promise<LayerRule[]> {
  const { usage } = await import('../errors.ts');
  const shared = layer.map((text): LayerRule => {
    const at = text.lastIndexOf('=');
    if (at < 1) throw usage(`--layer ${JSON.stringify(text)} has no share`, "as --layer 'conv*=0.8'");
    try {
      return { pattern: text.slice(0, at), sparsity: fraction(text.slice(at + 1)) };
    } catch (error) {
      throw usage(`--layer ${JSON.stringify(text)}: ${(error as Error).message}`);
    }
  });
  return [...shared, ...keep.map((pattern): LayerRule => ({ pattern, keep: true }))];
}

export async function reportText(report: PruneReport): Promise<string> {
  const { table } = await import('./ui/table.ts');
  const rows = report.layers.map((l) => [
    l.name,
    `${l.rows}×${l.cols}`,
    format.count(l.weights - l.zeros),
    format.percent(l.zeros / l.weights),
    l.kept ?? l.method,
  ]);
  const { pruned, parameters } = report.sparsity;
  const { agreement, budget } = report;
  return [
    table(['layer', 'weights', 'left', 'zeros', 'how'], rows, [0, 4]),
    '',
    `${format.percent(pruned)} zeros in pruned layers, ${format.percent(parameters)} of all parameters`,
    ...(agreement ? [agreementText(agreement)] : []),
    ...(budget ? [await budgetText(budget)] : []),
    ...report.notes.map((n) => `note: ${format.printable(n)}`),
  ].join('\n');
}

function agreementText({ n, top1, accuracy, denseAccuracy }: NonNullable<PruneReport['agreement']>): string {
  const right =
    accuracy === undefined || denseAccuracy === undefined
      ? ''
      : `right ${format.percent(accuracy, 2)}, dense ${format.percent(denseAccuracy, 2)}; `;
  return `${right}same answer as the dense network in ${format.percent(top1, 2)} of ${format.count(n)} samples`;
}

async function budgetText({ asked, predicted, measured, denseMs, builds }: BudgetReport): Promise<string> {
  const { amounts } = await import('../budget/text.ts');
  const before = Object.keys(predicted).length > 0 ? `, ${amounts(predicted)} predicted` : '';
  const dense = denseMs === undefined ? '' : `, ${format.duration(denseMs)} dense`;
  return `budget ${amounts(asked)}: ${amounts(measured)} measured${before}${dense}, after ${builds} trials`;
}

interface Flags extends PruneFlags, TrainFlags, ModelOptions, RecipeFlags {
  readonly out: string;
}

export const prune: CommandSpec = {
  name: 'prune',
  summary: 'Prunes a model and writes it back in its own format.',
  args: [['[model]', 'model.json or its folder, .onnx, .tflite, .h5 or .keras']],
  options: [
    option('-o, --out <folder>', 'where the pruned model goes').default('pruned'),
    ...recipeOptions(),
    ...pruneOptions(),
    ...trainOptions(),
    ...modelOptions(),
  ],
  examples: [
    'prune model.json --sparsity 0.9 -o pruned',
    "prune model.json --sparsity 90% --keep 'logits' --layer 'conv*=0.5'",
    'prune model.json --sparsity 0.95 --calibrate x.npy',
    'prune model.json --sparsity 0.95 --data x.npy --labels y.npy --schedule gradual --epochs 30',
    'prune model.json --granularity 4x1 --sparsity 0.8',
    'prune model.json --max-bytes 20kB --calibrate x.npy',
    'prune model.json --max-drop 0.5 --data x.npy --labels y.npy',
    'prune model.json --sparsity 0.9 --data photos --labels folder --image-mean 0.5 --image-std 0.5',
    'prune --recipe pruned/net.recipe.yaml -o again',
  ],
  async action(context: Context, [path]: readonly string[], options: Flags) {
    const done = await followed(context, path, options);
    const model =
      done?.model ?? (await pruneModel(context, await openModel(context, path, options), options));
    const [{ tfjsLayersFiles }, { recipeOf }] = await Promise.all([
      import('../import/tfjs-write.ts'),
      import('../index.ts'),
    ]);
    const sources = done?.sources ?? { model: modelSource(path, options), ...dataSources(options) };
    const files = new Map<string, Uint8Array | string>([
      [recipeName(safeName(model.name)), await recipeOf(model, undefined, sources, options.out)],
      ...tfjsLayersFiles(model.source.files, model.graph),
    ]);
    if (!context.options.dryRun) {
      const { writeFiles } = await import('../import/write-files.ts');
      writeFiles(options.out, files);
    }
    const { report } = model.pruning!;
    context.result(
      { out: options.out, files: [...files.keys()], report },
      context.options.dryRun ? 'nothing written' : `in ${format.printable(options.out)}`,
    );
    return 0;
  },
};
