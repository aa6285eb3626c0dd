/** Will pruning pay? What the cost model of the kernels says of random masks, before any work is put into real ones. */
import type { Graph } from './ir/graph.ts';
import { random } from './ir/random.ts';
import type { Build } from './kernels.ts';
import type { Plan, PlanValue } from './plan/forms.ts';
import { layerInfo } from './plan/report.ts';
import { linearSteps, type Objective, select } from './plan/select.ts';
import { type Staged, stageGraph } from './plan/stage.ts';

export interface Prediction {
  readonly sparsity: number;
  /** Of the layers with weights, in nanoseconds. */
  readonly ns: number;
  /** Of packed weights. */
  readonly bytes: number;
}

export interface PredictOptions {
  readonly build?: Build;
  readonly objective?: Objective;
  readonly seed?: number;
}

/** The dense build first, then one prediction for each of `levels`. Masks are element-wise and alike in all `linear` layers. */
export function predictPruning(
  graph: Graph,
  levels: readonly number[],
  options: PredictOptions = {},
): readonly [dense: Prediction, ...pruned: Prediction[]] {
  const { build = 'simd', objective = 'speed', seed = 1 } = options;
  const staged = stageGraph(graph);
  const predict = (sparsity: number, s: Staged, sparse: boolean): Prediction => {
    const layers = layerInfo(s.plan, select(s, { build, objective, sparse }));
    return {
      sparsity,
      ns: layers.reduce((n, l) => n + l.predictedNs, 0),
      bytes: layers.reduce((n, l) => n + l.bytes, 0),
    };
  };
  return [
    predict(0, staged, false),
    ...levels.map((level) => predict(level, { ...staged, plan: masked(staged.plan, level, seed) }, true)),
  ];
}

function masked(plan: Plan, sparsity: number, seed: number): Plan {
  const rng = random(seed);
  const values = new Map(plan.values);
  for (const id of new Set(linearSteps(plan).map((s) => s.weights))) {
    const v = values.get(id)!;
    const data = (v.data as Float32Array).map((w) => (rng.next() < sparsity ? 0 : w));
    values.set(id, { ...v, data } satisfies PlanValue);
  }
  return { ...plan, values };
}
