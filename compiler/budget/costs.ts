/** What every layer costs at every level: the formats and kernels that selection would take, for masks by magnitude. */
import type { Graph } from '../ir/graph.ts';
import type { Build } from '../kernels.ts';
import type { LinearStep, Step } from '../plan/forms.ts';
import { layerInfo, predictedNs } from '../plan/report.ts';
import { chooser, type Objective, select } from '../plan/select.ts';
import { type Staged, stageGraph } from '../plan/stage.ts';
import { type LayerPlan, type PrunableLayer, withConstants } from '../prune/layers.ts';
import { interpolate, knots, magnitudeCuts } from '../prune/levels.ts';
import type { Granularity } from '../prune/math/problem.ts';
import { countZeros } from '../prune/report.ts';

/** Packed weights, surviving multiply-accumulates, and predicted milliseconds; of a layer or of a whole network. */
export interface Costs {
  readonly bytes: number;
  readonly macs: number;
  readonly latencyMs: number;
}

export type CostKind = keyof Costs;

export interface CostOptions {
  readonly build: Build;
  readonly objective: Objective;
}

/** Costs at `levels` (sparsities), one list for each of `plans`; of a layer without a choice they are left out, as nothing. */
export function levelCosts(
  graph: Graph,
  plans: readonly LayerPlan[],
  levels: readonly (readonly number[])[],
  granularity: Granularity,
  { build, objective }: CostOptions,
): Costs[][] {
  const staged = stageGraph(graph);
  const options = { build, objective, sparse: true };
  const steps = staged.plan.steps.flatMap((s) => linearSteps(s, 1));
  return plans.map(({ layer }, i) => {
    if (levels[i].length === 1) return [{ bytes: 0, macs: 0, latencyMs: 0 }];
    const own = steps.filter(({ step }) => staged.plan.values.get(step.weights)!.data === layer.weights);
    const cost =
      own.length > 0
        ? stepCosts(own, staged, options)
        : (data: Float32Array) => nodeCosts(graph, layer, data, options);
    const known = knots(levels[i]);
    const cut = magnitudeCuts(layer, granularity);
    const at = known.map((sparsity) => {
      const weights = cut(sparsity);
      return { ...cost(weights), macs: macsLeft(layer, weights) };
    });
    const curve = (kind: CostKind) => known.map((sparsity, k) => ({ sparsity, value: at[k][kind] }));
    const [bytes, macs, latencyMs] = [curve('bytes'), curve('macs'), curve('latencyMs')];
    return levels[i].map((s) => ({
      bytes: interpolate(bytes, s),
      macs: interpolate(macs, s),
      latencyMs: interpolate(latencyMs, s),
    }));
  });
}

interface Repeated {
  readonly step: LinearStep;
  readonly times: number;
}

type SizeAndTime = Omit<Costs, 'macs'>;
type SelectAs = CostOptions & { readonly sparse: boolean };

function stepCosts(
  steps: readonly Repeated[],
  staged: Staged,
  options: SelectAs,
): (weights: Float32Array) => SizeAndTime {
  const choosers = steps.map(({ step, times }) => ({ step, times, ...chooser(step, staged, options) }));
  return (weights) => {
    let bytes = 0;
    let ns = 0;
    for (const { step, times, geometry, choose } of choosers) {
      const choice = choose?.(weights);
      bytes += choice ? choice.bytes * geometry.groups : weights.byteLength;
      ns += times * predictedNs(step, geometry, choice);
    }
    return { bytes, latencyMs: ns / 1e6 };
  };
}

/** A layer whose weights lowering rearranges: lowered anew. */
function nodeCosts(graph: Graph, layer: PrunableLayer, data: Float32Array, options: SelectAs): SizeAndTime {
  const staged = stageGraph(withConstants(graph, new Map([[layer.value, data]])));
  const own = layerInfo(staged.plan, select(staged, options)).filter((l) => l.name === layer.node.name);
  const sum = (of: (l: (typeof own)[number]) => number) => own.reduce((n, l) => n + of(l), 0);
  return { bytes: sum((l) => l.bytes), latencyMs: sum((l) => l.predictedNs) / 1e6 };
}

function linearSteps(step: Step, times: number): Repeated[] {
  if (step.form === 'scan') return step.body.flatMap((s) => linearSteps(s, times * step.count));
  return step.form === 'linear' ? [{ step, times }] : [];
}

/** Multiply-accumulates of what is not zero in `weights`. */
export function macsLeft(layer: PrunableLayer, weights: Float32Array): number {
  return (layer.macs * (weights.length - countZeros(weights))) / weights.length;
}
