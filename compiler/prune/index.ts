/** Pruning a graph: which layers, how many weights of each, which ones, and what is done about the loss. */
import type { Graph, ValueId } from '../ir/graph.ts';
import type { Progress } from '../progress.ts';
import { type Agreement, answersOf, compare } from './answers.ts';
import { channelMasks } from './channels.ts';
import { correctStatistics } from './correct.ts';
import { first, join, overlap, type Part, type Parts, partOf, split } from './data.ts';
import { finetune, type Target } from './finetune.ts';
import type { Constants } from './graph-tf.ts';
import { findLayers, type LayerPlan, planLayers, withConstants } from './layers.ts';
import { keepCounts, type Masks, magnitudeMask, masked, thresholdMask } from './magnitude.ts';
import { type OneShot, oneShot } from './oneshot.ts';
import { checkOptions, type FinetuneSettings, type PruneOptions } from './options.ts';
import { layerReports, type PruneReport, sparsityOf } from './report.ts';
import { loadBackend, type Tf } from './train/backend.ts';

export interface PruneContext {
  readonly progress?: Progress;
  /** Ends fine-tuning; the best state so far is kept. */
  readonly signal?: AbortSignal;
}

/** What is safe to ask for when nothing was asked for: without data magnitude alone ruins small networks. */
const safeSparsity = { nothing: 0.5, samples: 0.8, labels: 0.9 } as const;

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
): Promise<{ graph: Graph; report: PruneReport }> {
  checkOptions(options);
  const { allocation = 'lamp', granularity = { kind: 'element' }, method = 'auto', data, seed = 1 } = options;
  const notes: string[] = [];
  const aside = options.evaluation && partOf(graph, options.evaluation);
  const samples = data && partOf(graph, data);
  const parts = samples && split(samples, aside, seed);
  const judged = aside ?? parts?.report ?? parts?.choose;
  const tf = judged && (await loadBackend(options.backend));
  const judge = tf && judgeOf(tf, graph, judged);
  const sparsity = options.sparsity ?? safeSparsity[data?.labels ? 'labels' : data ? 'samples' : 'nothing'];
  const plans = planLayers(findLayers(graph), options.layers ?? []);

  const settings = finetuneSettings(options);
  const channels = granularity.kind === 'row' ? channelMasks(graph, plans, sparsity) : undefined;
  const gradual = settings?.schedule === 'gradual' && options.threshold === undefined && !channels;

  const keep = keepCounts(plans, sparsity, allocation);
  let masks = channels?.masks ?? magnitudeMasks(plans, keep, options);
  let constants: Constants = new Map([...masks].map(([id, mask]) => [id, masked(valuesOf(graph, id), mask)]));
  let details: OneShot['details'] = new Map();
  if (tf && parts && !gradual && options.threshold === undefined) {
    const how = { method, granularity, seed, ...(channels && { masks }) };
    const done = await oneShot(tf, graph, plans, keep, calibration(parts, options), how, context);
    ({ masks, details } = done);
    constants = await corrected(tf, graph, done, parts, options, notes);
  }
  let untrained: Agreement | undefined;
  if (tf && parts && settings) {
    const target: Target = gradual
      ? { kind: 'gradual', plans, sparsity, allocation, granularity }
      : { kind: 'masks', masks };
    const start = gradual ? new Map<ValueId, Float32Array>() : constants;
    if (!gradual) untrained = judge?.(constants);
    const trained = await finetune(tf, graph, start, target, parts, { ...settings, seed }, context);
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
  if (!data && sparsity > safeSparsity.nothing) {
    const unverified = aside ? '' : 'accuracy is unverified; ';
    notes.push(
      `pruned by magnitude without data: ${unverified}a few hundred sample inputs (--calibrate) keep far more of it`,
    );
  }
  return {
    graph: pruned,
    report: {
      method: [...new Set(reports.filter((l) => l.kept === undefined).map((l) => l.method))].join(', '),
      allocation: options.threshold === undefined ? allocation : 'threshold',
      granularity: granularity.kind,
      layers: reports,
      sparsity: sparsityOf(pruned, reports),
      ...(untrained && { untrained }),
      ...(judge && { agreement: judge(constants) }),
      notes,
    },
  };
}

/** Compares pruned constants with the dense graph on one part. */
function judgeOf(tf: Tf, graph: Graph, part: Part): (pruned: Constants) => Agreement {
  const dense = answersOf(tf, graph, part);
  return (pruned) => compare(dense, answersOf(tf, graph, part, pruned), part.y);
}

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

function finetuneSettings({ finetune, data }: PruneOptions): FinetuneSettings | undefined {
  if (finetune === false || !data) return undefined;
  if (finetune === true) return {};
  return finetune ?? (data.labels ? {} : undefined);
}

function magnitudeMasks(
  plans: readonly LayerPlan[],
  keep: readonly number[],
  { granularity = { kind: 'element' }, threshold }: PruneOptions,
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

const valuesOf = (graph: Graph, id: ValueId) => graph.values.get(id)!.data as Float32Array;

/** Few samples are all needed for the moments, those that choose between repairs too. */
const calibration = ({ fit, choose }: Parts, { calibration: most = 1024 }: PruneOptions): Part =>
  fit.n >= most ? first(fit, most) : first(join(fit, choose), most);

/** The constants, or their statistics moved back to the dense ones where that brings answers closer to the dense ones. */
async function corrected(
  tf: Tf,
  graph: Graph,
  { constants, masks }: OneShot,
  parts: Parts,
  options: PruneOptions,
  notes: string[],
): Promise<Constants> {
  const { choose } = parts;
  const dense = answersOf(tf, graph, choose);
  const divergence = (c: Constants) => compare(dense, answersOf(tf, graph, choose, c)).divergence;
  const moved = await correctStatistics(tf, graph, constants, calibration(parts, options), 'relative', masks);
  if (divergence(moved) >= divergence(constants)) return constants;
  notes.push('means and deviations of the layers were moved back to the dense ones');
  return moved;
}

export type { Agreement } from './answers.ts';
export type { PruneData } from './data.ts';
export { findLayers, type PrunableLayer } from './layers.ts';
export { type FinetuneSettings, type LayerRule, type PruneOptions, parseGranularity } from './options.ts';
export type { LayerReport, PruneReport } from './report.ts';
