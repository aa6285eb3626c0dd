/** Pruning a graph: which layers, how many weights of each, which ones, and what is done about the loss. */
import type { Graph } from '../ir/graph.ts';
import { noProgress, type Progress } from '../progress.ts';
import { findLayers, planLayers, withConstants } from './layers.ts';
import { keepCounts, magnitudeMask, maskedConstants, thresholdMask } from './magnitude.ts';
import { checkOptions, type PruneOptions } from './options.ts';
import { layerReports, type PruneReport, sparsityOf } from './report.ts';

export interface PruneContext {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** Above this, magnitude alone is known to ruin small networks. */
const safeWithoutData = 0.5;

/**
 * A graph of the same shape whose weights are zero where pruned. Takes a simplified graph, so that batch norms are part of the
 * weights they scale.
 *
 * @throws {CompileError} E_USAGE for options that can't be met.
 */
export async function pruneGraph(
  graph: Graph,
  options: PruneOptions,
  context: PruneContext = {},
): Promise<{ graph: Graph; report: PruneReport }> {
  checkOptions(options);
  const { allocation = 'lamp', granularity = { kind: 'element' } } = options;
  const stage = (context.progress ?? noProgress).stage('prune');
  const layers = findLayers(graph);
  const plans = planLayers(layers, options.layers ?? []);
  const sparsity = options.sparsity ?? safeWithoutData;
  const keep = keepCounts(plans, sparsity, allocation);
  const masks = new Map(
    plans.flatMap((p, i) => {
      if (p.kept !== undefined) return [];
      const { layer } = p;
      const mask =
        options.threshold === undefined
          ? magnitudeMask(layer, granularity, keep[i])
          : thresholdMask(layer, options.threshold);
      return [[layer, mask] as const];
    }),
  );
  const pruned = withConstants(graph, maskedConstants(masks));
  stage.done();
  const reports = layerReports(findLayers(pruned), (i) => ({
    method: plans[i].kept === undefined ? 'magnitude' : 'none',
    kept: plans[i].kept,
  }));
  const notes: string[] = [];
  if (sparsity > safeWithoutData) {
    notes.push(
      'pruned by magnitude without data: accuracy is unverified; a few hundred sample inputs (--calibrate) keep far more of it',
    );
  }
  const report: PruneReport = {
    method: 'magnitude',
    allocation: options.threshold === undefined ? allocation : 'threshold',
    granularity: granularity.kind,
    layers: reports,
    sparsity: sparsityOf(pruned, reports),
    notes,
  };
  return { graph: pruned, report };
}

export { findLayers, type PrunableLayer } from './layers.ts';
export { type LayerRule, type PruneOptions, parseGranularity } from './options.ts';
export type { LayerReport, PruneReport } from './report.ts';
