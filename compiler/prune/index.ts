/** Pruning a graph: which layers, how many weights of each, which ones, and what is done about the loss. */
import { assert, usage } from '../errors.ts';
import type { Graph, ValueId } from '../ir/graph.ts';
import { type Agreement, type Answers, answersOf, compare } from './answers.ts';
import { channelMasks } from './channels.ts';
import { correctStatistics } from './correct.ts';
import { calibration, first, overlap, type Part, type Parts, partOf, split } from './data.ts';
import { finetune, type Target } from './finetune.ts';
import { outputWeights } from './fisher.ts';
import type { Constants } from './graph-tf.ts';
import { findLayers, isDecided, type LayerPlan, planLayers, samplesWithin, withConstants } from './layers.ts';
import { keepCounts, type Masks, magnitudeMask, masked, thresholdMask } from './magnitude.ts';
import { isSecondOrder, type Method, methods } from './math/problem.ts';
import { type OneShot, oneShot } from './oneshot.ts';
import {
  type Allocation,
  checkOptions,
  type PruneContext,
  type PruneOptions,
  type SettledOptions,
  safeSparsity,
  settle,
} from './options.ts';
import { layerReports, type PruneReport, sparsityOf } from './report.ts';
import { keepBySensitivity, measureSensitivity } from './sensitivity.ts';
import { gradientSizes } from './taylor.ts';
import { loadBackend, type Tf } from './train/backend.ts';
import { refuseTaken } from './train/checkpoint.ts';
import { calibrated } from './vary.ts';

export interface Pruned {
  readonly graph: Graph;
  readonly report: PruneReport;
  /** What was asked for, in full: gives the same graph again. */
  readonly options: SettledOptions;
}

/**
 * A graph of the same shape whose weights are zero where pruned. Takes a simplified graph, so that batch norms are part of the
 * weights they scale.
 *
 * @throws {CompileError} E_USAGE for options that can't be met, E_DATA and E_INPUT for samples that don't fit, E_UNSUPPORTED
 * for samples with an operator that tfjs can't run.
 */
export async function pruneGraph(
  graph: Graph,
  options: PruneOptions,
  context: PruneContext = {},
): Promise<Pruned> {
  checkOptions(options);
  const settled = settle(options);
  const {
    allocation = 'uniform',
    granularity,
    method,
    data,
    seed,
    sparsity = 0,
    finetune: settings,
  } = settled;
  if (context.checkpoint) {
    if (settings === false) throw usage('a checkpoint is for fine-tuning, which this run does without');
    refuseTaken(context.checkpoint);
  }
  const notes: string[] = [];
  const aside = options.evaluation && partOf(graph, options.evaluation);
  const samples = data && partOf(graph, data);
  const parts = samples && split(samples, aside, seed);
  const judged = aside ?? parts?.report ?? parts?.choose;
  const tf = judged && (await loadBackend(options.backend));
  const judge = tf && judgeOf(tf, graph, judged);
  const decide = tf && parts && (judged === parts.choose ? judge! : judgeOf(tf, graph, parts.choose));
  const plans = planLayers(findLayers(graph), settled.layers);
  const layers = plans.flatMap((p) => (p.kept === undefined ? [p.layer] : []));
  assert(!options.budget || plans.every(isDecided), 'a budget is for levels that are decided');

  const gradual = settings !== false && settings.schedule === 'gradual';

  const fit = parts && calibrated(graph, parts, settled);
  let weighed: Awaited<ReturnType<typeof outputWeights>> | undefined;
  const weigh = async () => (weighed ??= await outputWeights(tf!, graph, layers, fit!, seed, context, notes));
  const weighs = isSecondOrder(method);
  const how = { method, granularity, seed };
  const measure = async () => {
    const outputs = weighs ? { outputs: await weigh() } : {};
    return measureSensitivity(tf!, graph, plans, fit!, parts!, { ...how, ...outputs }, context);
  };
  const keep =
    allocation === 'sensitivity'
      ? keepBySensitivity(plans, sparsity, await measure(), granularity)
      : keepCounts(plans, sparsity, allocation);
  const channels =
    granularity.kind === 'row' && allocation !== 'sensitivity'
      ? channelMasks(graph, plans, sparsity, allocation, keep)
      : undefined;
  let masks = channels?.masks ?? magnitudeMasks(plans, keep, settled);
  let constants: Constants = new Map([...masks].map(([id, mask]) => [id, masked(valuesOf(graph, id), mask)]));
  let details: OneShot['details'] = new Map();
  if (tf && parts && !gradual && options.threshold === undefined) {
    const gradients = method === 'taylor' && !channels && { gradients: await gradientSizes(tf, graph, fit!) };
    const cuts = plans.some((p, i) => p.kept === undefined && keep[i] < p.layer.weights.length);
    const outputs = cuts && weighs && !channels && { outputs: await weigh() };
    const chosen = { ...how, ...outputs, ...(channels && { masks }), ...gradients };
    const done = await oneShot(tf, graph, plans, keep, fit!, chosen, context);
    ({ masks, details } = done);
    if (context.signal?.aborted)
      notes.push('pruning was ended early: the layers that were left went by magnitude');
    constants = await corrected(tf, graph, done, calibration(parts, settled.calibration), decide!, notes);
  }
  let untrained: Agreement | undefined;
  if (tf && parts && settings) {
    const target: Target = gradual
      ? { kind: 'gradual', ...gradually(plans, sparsity, allocation, keep), granularity }
      : { kind: 'masks', masks };
    const start = gradual ? new Map<ValueId, Float32Array>() : constants;
    if (!gradual) untrained = judge?.(constants);
    const training = { ...settings, vary: settled.vary, seed };
    const trained = await finetune(tf, graph, start, layers, target, parts, training, context);
    constants = trained.constants;
    const { stopped } = trained.result;
    if (stopped === 'diverged') notes.push('fine-tuning diverged and was ended: try a lower learning rate');
    if (stopped === 'aborted') notes.push('fine-tuning was ended early: the best state so far is kept');
  }

  const pruned = withConstants(graph, constants);
  const reports = layerReports(findLayers(pruned), (i) => {
    const { layer } = plans[i];
    const kept = plans[i].kept ?? channels?.reasons.get(layer);
    return { method: kept === undefined ? 'magnitude' : 'none', ...details.get(layer), kept };
  });
  notes.push(...trustNotes(samples, aside, judged, parts));
  const zeros = sparsityOf(pruned, reports);
  if (!data) notes.push(noDataNote(zeros.pruned, aside !== undefined));
  const used = new Set(reports.filter((l) => l.kept === undefined).map((l) => l.method));
  const [only] = used;
  return {
    graph: pruned,
    options: used.size === 1 && isMethod(only) ? { ...settled, method: only } : settled,
    report: {
      method: [...used].join(', '),
      allocation: options.budget ? 'budget' : options.threshold === undefined ? allocation : 'threshold',
      granularity: granularity.kind,
      layers: reports,
      sparsity: zeros,
      ...(untrained && { untrained }),
      ...(judge && { agreement: judge(constants) }),
      ...(decide && options.budget?.drop !== undefined && { decided: decide(constants) }),
      notes,
    },
  };
}

/** The shares of an allocation that was measured on the dense network are held to; others follow the weights as they move. */
function gradually(
  plans: readonly LayerPlan[],
  sparsity: number,
  allocation: Allocation,
  keep: readonly number[],
) {
  if (allocation !== 'sensitivity') return { plans, sparsity, allocation };
  const held = plans.map((p, i) => ({ ...p, sparsity: 1 - keep[i] / p.layer.weights.length }));
  return { plans: held, sparsity, allocation: 'uniform' as const };
}

/** Compares pruned constants, which stay as they are, with the dense graph on one part; each of them once. */
function judgeOf(tf: Tf, graph: Graph, part: Part): Judge {
  let dense: Answers | undefined;
  const judged = new Map<Constants, Agreement>();
  return (pruned) => {
    dense ??= answersOf(tf, graph, part);
    const known = judged.get(pruned) ?? compare(dense, answersOf(tf, graph, part, pruned), part.y);
    judged.set(pruned, known);
    return known;
  };
}

type Judge = (pruned: Constants) => Agreement;

/** What is to be known of the reported agreement. */
function trustNotes(samples?: Part, aside?: Part, judged?: Part, parts?: Parts): string[] {
  if (judged && judged === parts?.choose) {
    return [
      `agreement is measured on ${judged.n} samples that also decided what was kept: give samples of their own for the evaluation`,
    ];
  }
  const same = samples && aside ? overlap(samples, aside) : 0;
  if (same === 0) return [];
  return [`${same} samples for the evaluation were used for pruning too: its figures flatter the result`];
}

/** What calibration would bring, loudly. */
function noDataNote(sparsity: number, judged: boolean): string {
  const percent = (s: number) => `${Math.round(100 * s)} %`;
  const risk =
    sparsity > safeSparsity.nothing + 0.005
      ? `beyond ${percent(safeSparsity.nothing)} this ruins many networks, and `
      : 'this is as far as is safe, and ';
  const samples = `a few hundred sample inputs without labels (--calibrate) would keep most of the accuracy at ${percent(safeSparsity.samples)}`;
  return `PRUNED BY MAGNITUDE WITHOUT DATA: ${risk}${judged ? '' : 'accuracy is unverified; '}${samples}`;
}

function magnitudeMasks(
  plans: readonly LayerPlan[],
  keep: readonly number[],
  { granularity, threshold }: SettledOptions,
): Masks {
  return new Map(
    plans.flatMap(({ layer, kept }, i) => {
      if (kept !== undefined) return [];
      const mask =
        threshold === undefined
          ? magnitudeMask(layer, granularity, keep[i])
          : thresholdMask(layer, threshold);
      return [[layer.value, mask] as const];
    }),
  );
}

const isMethod = (name: string): name is Method => (methods as readonly string[]).includes(name);

const valuesOf = (graph: Graph, id: ValueId) => graph.values.get(id)!.data as Float32Array;

/**
 * Multiply-accumulates of the dense network up to which more samples are taken for means and deviations, and samples at least:
 * what is expensive has planes, of which few give as many positions.
 */
const momentsMacs = 2e10;
const fewestMoments = 64;

/** The constants, or their statistics moved back to the dense ones where that brings answers closer to the dense ones. */
async function corrected(
  tf: Tf,
  graph: Graph,
  { constants, masks }: OneShot,
  part: Part,
  decide: Judge,
  notes: string[],
): Promise<Constants> {
  const seen = first(part, Math.max(fewestMoments, samplesWithin(graph, momentsMacs)));
  const moved = await correctStatistics(tf, graph, constants, seen, 'relative', masks);
  if (decide(moved).divergence >= decide(constants).divergence) return constants;
  notes.push('means and deviations of the layers were moved back to the dense ones');
  return moved;
}

export type { Agreement } from './answers.ts';
export type { PruneData } from './data.ts';
export { findLayers, type PrunableLayer } from './layers.ts';
export { type Method, methods } from './math/problem.ts';
export {
  allocations,
  type Budget,
  type FinetuneSettings,
  granularityText,
  type LayerRule,
  type PruneContext,
  type PruneOptions,
  parseGranularity,
  type SettledOptions,
  settle,
} from './options.ts';
export type { BudgetReport, LayerReport, PruneReport } from './report.ts';
export { type LayerSensitivity, sensitivities } from './sensitivity.ts';
export type { CheckpointOptions } from './train/checkpoint.ts';
