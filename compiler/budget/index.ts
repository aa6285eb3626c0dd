/**
 * Pruning to a budget: tables of what every layer loses and costs at every level, one level for each layer by dynamic
 * programming, and modules built and measured until the result is within. Masks by magnitude, which cost seconds, find the
 * levels; the pruning that was asked for then confirms or corrects them.
 */
import { overBudget, usage } from '../errors.ts';
import { portsOf } from '../ir/graph.ts';
import type { Model } from '../model.ts';
import { cut } from '../pipeline.ts';
import { noProgress } from '../progress.ts';
import {
  type Budget,
  findLayers,
  type PruneContext,
  type PruneOptions,
  type PruneReport,
} from '../prune/index.ts';
import { isDecided, planLayers } from '../prune/layers.ts';
import { levelsOf, rulesOf } from '../prune/levels.ts';
import { checkOptions } from '../prune/options.ts';
import { levelLosses } from '../prune/sensitivity.ts';
import { randomSamples } from '../samples.ts';
import { type CostKind, type CostOptions, levelCosts } from './costs.ts';
import { dropOf, meetDrop } from './drop.ts';
import { type Build, Meter } from './measure.ts';
import { type Attempt, Calibration, type Evaluate, seek } from './seek.ts';
import type { Level, Limits } from './solve.ts';
import { amounts } from './text.ts';

/** Builds at most, and the share of a limit that is to be used: while levels are sought, and when they are confirmed. */
const seeking = { rounds: 10, use: 0.985 } as const;
const confirming = { rounds: 5, use: 0.96 } as const;

type Outcome = Pick<Attempt<Model>, 'measured' | 'value'> & Partial<Attempt<Model>>;

/**
 * The model pruned as `options` say, each layer to the level that loses least within the budget; rules of single layers
 * hold. `build` makes the modules that are counted, `how` says what it chooses formats by.
 *
 * @throws {CompileError} E_BUDGET where the budget can't be met, with what comes closest; else as `pruneGraph`.
 */
export async function pruneWithin(
  model: Model,
  options: PruneOptions & { readonly budget: Budget },
  build: Build,
  how: CostOptions,
  context: PruneContext = {},
): Promise<Model> {
  checkOptions(options);
  const { budget, granularity = { kind: 'element' } } = options;
  const plans = planLayers(findLayers(model.graph), options.layers ?? []);
  const decided = plans.every(isDecided);
  if (context.checkpoint && !decided)
    throw usage('a budget may train several times, a checkpoint is of one run', 'give the levels as --layer');
  const { drop, ...costs } = budget;
  const limits: Limits = Object.fromEntries(Object.entries(costs).filter(([, v]) => v !== undefined));
  const kinds = Object.keys(limits) as CostKind[];
  const stage = (context.progress ?? noProgress).stage('budget');

  const sparsities = plans.map((p) => levelsOf(p, granularity));
  // Of the user's, or noise.
  const sample =
    options.data?.samples[0] ??
    randomSamples(portsOf(model.graph, model.graph.inputs), 1, options.seed ?? 1)[0];
  const meter = await Meter.of(model, build, kinds, sample);
  let builds = 0;
  const evaluate =
    (change: Partial<PruneOptions>): Evaluate<Model> =>
    async (levels) => {
      const shares = levels.map((level, l) => sparsities[l][level]);
      const layers = [...(options.layers ?? []), ...rulesOf(plans, shares, granularity)];
      const pruned = await cut(model, { ...options, layers, ...change }, context);
      builds++;
      stage.update(builds, amounts(budget));
      return { measured: await meter.measure(pruned), value: pruned };
    };
  const seekLevels = async (): Promise<Attempt<Model>> => {
    const priced = levelCosts(model.graph, plans, sparsities, granularity, how);
    const losses = await levelLosses(model.graph, plans, sparsities, options, context);
    const tables = sparsities.map((list, l) =>
      list.map((sparsity, i): Level => ({ sparsity, loss: losses[l][i], costs: priced[l][i] })),
    );
    if (kinds.length > 0) return meetCosts(tables, limits, stepsOf(options, limits), evaluate, context);
    return meetDrop(
      tables,
      how.objective === 'size' ? 'bytes' : 'latencyMs',
      drop!,
      evaluate({}),
      context.signal,
    );
  };

  const met: Outcome = decided ? await evaluate({})(plans.map(() => 0)) : await seekLevels();
  const { predicted = {}, measured, value } = met;
  const over = kinds.filter((k) => measured[k]! > limits[k]!);
  // Levels that were decided on another host, or under another load, may take longer here.
  if (over.some((k) => k !== 'latencyMs')) throw outOfReach(limits, met);
  if (drop !== undefined && dropOf(value) > drop) {
    throw overBudget(
      `${kinds.length > 0 ? `within ${amounts(costs)} ` : ''}${amounts({ drop: dropOf(value) })} remains, ${amounts({ drop })} is allowed`,
      'one of the two must give way; more samples or fine-tuning lower the drop',
    );
  }
  stage.done();
  const report: PruneReport = {
    ...value.pruning!.report!,
    budget: {
      asked: budget,
      predicted,
      measured: { ...measured, ...(drop !== undefined && { drop: dropOf(value) }) },
      ...(meter.denseMs !== undefined && { denseMs: meter.denseMs }),
      builds,
    },
  };
  const { options: recorded } = value.pruning!;
  return { ...value, pruning: { options: recorded, report: { ...report, notes: notesOf(report) } } };
}

/** Ways to prune, each dearer and nearer to what was asked for than the one before; the last is what was asked for. */
function stepsOf(
  { data, evaluation, finetune, ...rest }: PruneOptions,
  limits: Limits,
): readonly Partial<PruneOptions>[] {
  if (!data && !evaluation) return [{}];
  const bySize = {
    method: 'magnitude',
    data: undefined,
    evaluation: undefined,
    finetune: undefined,
  } as const;
  const trains = data && finetune !== false && (finetune !== undefined || data.labels !== undefined);
  // Masks that grow while the network learns are none of those that one shot gives.
  const gradual = typeof finetune === 'object' && finetune.schedule === 'gradual';
  return [
    { ...bySize, budget: limits },
    ...(trains && !gradual && rest.method !== 'magnitude' ? [{ finetune: false }] : []),
    {},
  ];
}

async function meetCosts(
  tables: readonly (readonly Level[])[],
  limits: Limits,
  steps: readonly Partial<PruneOptions>[],
  evaluate: (change: Partial<PruneOptions>) => Evaluate<Model>,
  { signal }: PruneContext,
): Promise<Attempt<Model>> {
  const calibration = new Calibration(tables);
  const whole = tables.map(() => 0);
  calibration.add(whole, (await evaluate(steps[0])(whole)).measured);
  let met: Attempt<Model> | undefined;
  for (const [i, step] of steps.entries()) {
    if (met) calibration.add(met.levels, met.measured);
    const options = i === 0 ? seeking : confirming;
    const { best, closest } = await seek(tables, limits, calibration, evaluate(step), { ...options, signal });
    if (!best) throw outOfReach(limits, closest);
    met = best;
  }
  return met!;
}

function outOfReach(limits: Limits, { measured, value }: Outcome) {
  const { pruned } = value.pruning!.report!.sparsity;
  const zeros = `${(100 * pruned).toFixed(1)} % zeros in pruned layers`;
  return overBudget(
    `${amounts(limits)} can't be reached: ${amounts(measured)}, at ${zeros}, comes closest`,
    'ask for no less than that, or lift the protection of layers by rules',
  );
}

function notesOf({ notes, sparsity, decided, budget }: PruneReport): string[] {
  const { asked, measured } = budget!;
  const n = decided?.n ?? 0;
  return [
    ...notes,
    ...(sparsity.prunable === 0 ? [asItIs(asked)] : []),
    ...(measured.latencyMs! > asked.latencyMs!
      ? [`the levels that rules give take ${amounts({ latencyMs: measured.latencyMs })} here`]
      : []),
    ...(100 / n > asked.drop!
      ? [`the drop is decided on ${n} samples, of which one is ${(100 / n).toFixed(2)} points`]
      : []),
  ];
}

function asItIs({ drop, ...costs }: Budget): string {
  return drop !== undefined && Object.keys(costs).length === 0
    ? 'within the drop no layer can be cut so far that it costs less: the network stays as it is'
    : 'the budget is met by the network as it is';
}
