/** Sensitivity: how far the answers of a network move when one layer alone is pruned. */
import { type Graph, Links, type ValueId } from '../ir/graph.ts';
import { noProgress } from '../progress.ts';
import { type Agreement, answers, compare } from './answers.ts';
import { first, type Part, type Parts, partOf, split } from './data.ts';
import { outputWeights } from './fisher.ts';
import { type TfGraph, tfGraph } from './graph-tf.ts';
import { findLayers, type LayerPlan, planLayers, samplesWithin } from './layers.ts';
import { interpolate, keepAt, knots, levelsOf, magnitudeLosses } from './levels.ts';
import { knapsack } from './math/knapsack.ts';
import { type Granularity, isSecondOrder, type Method } from './math/problem.ts';
import { type OneShotOptions, prepareLayer } from './oneshot.ts';
import { type PruneContext, type PruneOptions, settle } from './options.ts';
import { loadBackend, type Tf } from './train/backend.ts';
import { calibrated } from './vary.ts';
import { walk } from './walk.ts';

export interface LayerSensitivity {
  /** Of the layer. */
  readonly name: string;
  /** With the dense network, on samples that fitted nothing, when this layer alone is pruned; sparsities ascend. */
  readonly levels: readonly ({ readonly sparsity: number } & Agreement)[];
}

/** Where curves of divergence bend. */
export const sensitivityLevels: readonly number[] = [0.3, 0.5, 0.65, 0.75, 0.85, 0.9, 0.95, 0.98];

/** Multiply-accumulates of all measurements up to which more samples are taken: about a minute on one core. */
const affordable = 4e11;
/** Samples at least, where there are as many. */
const fewest = 8;

export interface SensitivityOptions {
  readonly method: Method | 'auto';
  readonly granularity: Granularity;
  readonly seed: number;
  readonly levels?: readonly number[];
  readonly outputs?: OneShotOptions['outputs'];
}

/**
 * Sensitivities of all layers that `options` allow to prune, by the method of `options`, second-order choices by one sweep of
 * SparseGPT without refitting. Layers with a rule of their own have one level.
 *
 * @throws {CompileError} as `pruneGraph`.
 */
export async function sensitivities(
  graph: Graph,
  options: PruneOptions & { readonly data: NonNullable<PruneOptions['data']> },
  context: PruneContext = {},
): Promise<LayerSensitivity[]> {
  const { granularity, method, seed, calibration, vary } = settle(options);
  const plans = planLayers(findLayers(graph), options.layers ?? []);
  const aside = options.evaluation && partOf(graph, options.evaluation);
  const parts = split(partOf(graph, options.data), aside, seed);
  const tf = await loadBackend(options.backend);
  const fit = calibrated(graph, parts, { calibration, vary, seed });
  const open = plans.flatMap((p) => (p.kept === undefined ? [p.layer] : []));
  const outputs = isSecondOrder(method) && {
    outputs: await outputWeights(tf, graph, open, fit, seed, context),
  };
  return measureSensitivity(tf, graph, plans, fit, parts, { granularity, method, seed, ...outputs }, context);
}

/** `sensitivities` with everything at hand: layers are fitted on `fit`, and judged on the samples that decide. */
export async function measureSensitivity(
  tf: Tf,
  graph: Graph,
  plans: readonly LayerPlan[],
  fit: Part,
  { choose }: Pick<Parts, 'choose'>,
  { method, granularity, seed, levels = sensitivityLevels, outputs }: SensitivityOptions,
  context: PruneContext = {},
): Promise<LayerSensitivity[]> {
  const open = plans.filter((p) => p.kept === undefined);
  const wanted = new Map(
    open.map((p) => {
      const own = levelsOf(p, granularity);
      const within = levels.filter((s) => s < own.at(-1)!);
      return [p.layer, own.length <= 2 ? own.filter((s) => s > 0) : [...within, own.at(-1)!]] as const;
    }),
  );
  const cells = [...wanted.values()].reduce((n, l) => n + l.length, 0);
  const judged = first(choose, Math.max(fewest, samplesWithin(graph, affordable, cells)));
  const score = method === 'magnitude' || method === 'wanda';
  const how = { method: score ? method : 'sparsegpt', granularity, seed, outputs, refit: false } as const;

  const links = new Links(graph);
  const found = new Map<string, LayerSensitivity>();
  const stage = (context.progress ?? noProgress).stage('sensitivity', cells);
  const net = tfGraph(tf, graph);
  let done = 0;
  try {
    const dense = answers(tf, net, judged);
    const nodes = new Set([...wanted.keys()].map((l) => l.node));
    await walk(tf, graph, fit, new Map(), {
      at: (node) => nodes.has(node),
      visit(stop) {
        for (const [layer, sparsities] of wanted) {
          if (layer.node !== stop.node) continue;
          const cut = prepareLayer(tf, graph, links, stop, layer, new Map(), how);
          const measured = sparsities.map((sparsity) => {
            stage.update(done++, layer.name);
            const { constants } = cut(keepAt(layer, sparsity));
            const pruned = withVariables(tf, net, constants, () => answers(tf, net, judged));
            return { sparsity, ...compare(dense, pruned, judged.y) };
          });
          found.set(layer.name, { name: layer.name, levels: measured });
        }
      },
    });
  } finally {
    stage.done();
    net.dispose();
  }
  return open.flatMap(({ layer }) => found.get(layer.name) ?? []);
}

/**
 * What each layer loses at each of its levels: divergence, where there are samples; the share of squared weights that goes,
 * where there are none.
 */
export async function levelLosses(
  graph: Graph,
  plans: readonly LayerPlan[],
  levels: readonly (readonly number[])[],
  { data, granularity = { kind: 'element' }, ...rest }: PruneOptions,
  context: PruneContext = {},
): Promise<number[][]> {
  if (data) {
    const measured = await sensitivities(graph, { data, granularity, ...rest }, context);
    const of = new Map(measured.map((m) => [m.name, m]));
    return plans.map(({ layer }, i) => {
      const own = of.get(layer.name);
      return own ? divergenceAt(own, levels[i]) : levels[i].map(() => 0);
    });
  }
  return plans.map(({ layer }, i) => {
    const known = knots(levels[i]);
    const losses = magnitudeLosses(layer, known, granularity);
    const points = known.map((sparsity, k) => ({ sparsity, value: losses[k] }));
    return levels[i].map((s) => interpolate(points, s));
  });
}

/** Divergence at each of `sparsities`: linear in its root between those measured, nothing at 0, and never falling. */
export function divergenceAt({ levels }: LayerSensitivity, sparsities: readonly number[]): number[] {
  let highest = 0;
  const roots = levels.map(({ sparsity, divergence }) => {
    highest = Math.max(highest, Math.sqrt(Math.max(0, divergence)));
    return { sparsity, value: highest };
  });
  return sparsities.map((s) => interpolate([{ sparsity: 0, value: 0 }, ...roots], s) ** 2);
}

/**
 * Weights that each layer keeps, in the order of `plans`: the least sum of divergences at `sparsity` over the layers without a
 * rule of their own.
 */
export function keepBySensitivity(
  plans: readonly LayerPlan[],
  sparsity: number,
  measured: readonly LayerSensitivity[],
  granularity: Granularity,
): number[] {
  const of = new Map(measured.map((m) => [m.name, m]));
  const levels = plans.map((p) => levelsOf(p, granularity));
  const open = plans
    .map((p, i) => ({ ...p, i }))
    .filter((p) => of.has(p.layer.name) && p.sparsity === undefined);
  const tables = open.map(({ layer, i }) => {
    const losses = divergenceAt(of.get(layer.name)!, levels[i]);
    return levels[i].map((s, k) => ({ cost: keepAt(layer, s), loss: losses[k] }));
  });
  const total = Math.round((1 - sparsity) * open.reduce((n, { layer }) => n + layer.weights.length, 0));
  const { levels: chosen, cost } = knapsack(tables, total);
  const keep = plans.map(({ layer }, i) => keepAt(layer, levels[i][0]));
  open.forEach(({ i }, k) => void (keep[i] = tables[k][chosen[k]].cost));
  // What is less than a level goes to the largest layers.
  let left = Math.max(0, total - cost);
  for (const { layer, i } of open.toSorted((a, b) => b.layer.weights.length - a.layer.weights.length)) {
    const more = Math.min(left, layer.weights.length - keep[i]);
    keep[i] += more;
    left -= more;
  }
  return keep;
}

/** What `use` gives while constants are others; they come back afterwards. */
function withVariables<T>(
  tf: Tf,
  { variables }: TfGraph,
  changed: ReadonlyMap<ValueId, Float32Array>,
  use: () => T,
): T {
  const before = [...changed].map(([id, values]) => {
    const variable = variables.get(id)!;
    const old = variable.dataSync().slice();
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    return [variable, old] as const;
  });
  const result = use();
  for (const [variable, old] of before) tf.tidy(() => variable.assign(tf.tensor(old, variable.shape)));
  return result;
}
