/** One layer pruned: the entry to this folder. */
import { assert, InternalError } from '../../errors.ts';
import { alpsMask, type Multiply } from './alps.ts';
import { biasShift, centre, type Quadratic, quadratic } from './asymmetric.ts';
import { gather, liveColumns, scatter, selectColumns } from './compact.ts';
import { leastSquares } from './leastsquares.ts';
import { inverseFromFactor, multiplyTransposed, quadraticForm } from './matrix.ts';
import { applyMask, countKept, selectMask } from './patterns.ts';
import { type Granularity, isSecondOrder, type LayerProblem, type Method } from './problem.ts';
import { magnitudeScores, taylorScores, wandaScores } from './scores.ts';
import { sparseGpt } from './sparsegpt.ts';
import { swapMask } from './swap.ts';
import { type LayerTrace, maskFromTrace, traceLayer } from './trace.ts';

export interface PruneOptions {
  /** 'auto' (default): magnitude without calibration data, else by `chooseMethod`. */
  readonly method?: Method | 'auto';
  readonly granularity?: Granularity;
  /** λ as a share of the mean diagonal of H. Below 2 positions per column, 1e-2 is the least that does not overfit. */
  readonly damping?: number;
  /** Fit the survivors by least squares. Default: with the second-order methods (sparsegpt, obs, alps). */
  readonly refit?: boolean;
  /**
   * Improve the mask by exchanging weights within rows. Default: with 'obs' and 'sparsegpt', whose choices are greedy, for
   * single weights where it is affordable.
   */
  readonly polish?: boolean;
  /** Groups that every row keeps, with 'obs' and the methods that rank by a score. */
  readonly rowFloor?: number;
  /** For the iterations of 'alps'. */
  readonly multiply?: Multiply;
  /** What an error of each output is multiplied by before it is squared, [R], above 0: for second-order methods. */
  readonly outputs?: Float64Array;
  /** Sizes of ∂L/∂W over batches, [R × n]: what 'taylor' needs. */
  readonly gradient?: Float32Array | Float64Array;
}

export interface PrunedLayer {
  /** W', [R × n], +0 wherever the mask is 0. */
  readonly weights: Float64Array;
  /** 1 = kept, [R × n]. */
  readonly mask: Uint8Array;
  /** Mean squared error per position, summed over outputs as they count, against the target; the sum of squared changes without H. */
  readonly loss: number;
  /** The same measure of pruning everything away: `loss / energy` compares layers. */
  readonly energy: number;
  /** b' − b, [R]; zeros unless the problem has means. */
  readonly biasShift: Float64Array;
}

/** A layer prepared once (targets, factors, traces) and cut to any size afterwards. */
export interface LayerPruner {
  readonly method: Method;
  readonly trace: LayerTrace | undefined;
  /** At most `keep` weights stay; exactly `keep` for single weights. N:M ignores `keep`. */
  prune(keep: number): PrunedLayer;
}

/** Multiply-adds of ALPS, about 120 R n² + 20 n³, up to which 'auto' takes it: some 40 s on one core. */
const ALPS_BUDGET = 80e9;
/** Multiply-adds of the local search, at most 3.5 n k² per row of k survivors, up to which it is run. */
const POLISH_BUDGET = 5e9;

/**
 * ALPS where it is affordable, SparseGPT beyond. Exact OBS costs as much as ALPS and ends with a loss some percent higher
 * (N:M: 10 to 15 %), but one elimination serves every sparsity: ask for 'obs' to build a table of levels.
 */
export function chooseMethod(rows: number, cols: number): Method {
  return 120 * rows * cols ** 2 + 20 * cols ** 3 <= ALPS_BUDGET ? 'alps' : 'sparsegpt';
}

export function pruneMatrix(
  problem: LayerProblem,
  options: PruneOptions & { readonly keep: number },
): PrunedLayer {
  return preparePruner(problem, options).prune(options.keep);
}

/** The survivors of a given mask, fitted by least squares to the inputs of a problem with `H`. */
export function fitMask(problem: LayerProblem, mask: Uint8Array, damping = 1e-2): PrunedLayer {
  const { rows, cols, H } = problem;
  assert(H, 'fitting needs the second moment of the inputs');
  const moved = centre(problem);
  const q = quadratic({ ...moved, H: moved.H ?? H }, damping);
  const weights = applyMask(leastSquares(q, mask), mask);
  const change = weights.map((w, i) => w - q.target[i]);
  return {
    weights,
    mask,
    loss: quadraticForm(change, q.H, rows, cols),
    energy: quadraticForm(q.target, q.H, rows, cols),
    biasShift: biasShift(problem, weights),
  };
}

export function preparePruner(problem: LayerProblem, options: PruneOptions = {}): LayerPruner {
  const { outputs, method = 'auto' } = options;
  if (!outputs || !problem.H || !isSecondOrder(method)) return prepareAlike(problem, options);
  // Σ s² (w − w*)ᵀ H (w − w*) is the plain loss of rows multiplied by s: H is the same for all.
  const { outputCross } = problem;
  const pruner = prepareAlike(
    {
      ...problem,
      weights: scaleRows(problem.weights, outputs),
      ...(outputCross && { outputCross: scaleRows(outputCross, outputs) }),
    },
    options,
  );
  const back = outputs.map((s) => 1 / s);
  return {
    ...pruner,
    prune(keep) {
      const pruned = pruner.prune(keep);
      return {
        ...pruned,
        weights: scaleRows(pruned.weights, back),
        biasShift: scaleRows(pruned.biasShift, back),
      };
    },
  };
}

/** Row r of an [R × n] matrix times `by[r]`. */
function scaleRows(matrix: Float64Array, by: Float64Array): Float64Array {
  const n = matrix.length / by.length;
  return matrix.map((v, i) => v * by[Math.floor(i / n)]);
}

/** Every output counts alike. */
function prepareAlike(problem: LayerProblem, options: PruneOptions): LayerPruner {
  const { rows, cols, H } = problem;
  assert(problem.weights.length === rows * cols, 'weights are [rows × cols]');
  const granularity = options.granularity ?? { kind: 'element' };
  if (!H) return scoreWeights(problem, options, granularity);

  const moved = centre(problem);
  const centred = { ...moved, H: moved.H ?? H };
  const { live, dead } = liveColumns(centred, groupWidth(granularity));
  if (live.length === 0) return scoreWeights({ ...problem, H: undefined }, { granularity }, granularity);
  const q = quadratic(selectColumns(centred, live), options.damping ?? 1e-2);
  const allRows = Int32Array.from({ length: rows }, (_, r) => r);
  const wanted = options.method ?? 'auto';
  const method = wanted === 'auto' ? chooseMethod(rows, live.length) : wanted;
  const refit = options.refit ?? isSecondOrder(method);
  const greedy = method === 'sparsegpt' || method === 'obs';
  const polish = granularity.kind === 'element' && refit && (options.polish ?? greedy);
  const energy = quadraticForm(q.target, q.H, rows, live.length);

  const finish = (mask: Uint8Array, swept?: Float64Array): PrunedLayer => {
    const liveMask = gather(mask, cols, allRows, live);
    const weights = Float64Array.from(problem.weights);
    if (refit) scatter(weights, cols, live, leastSquares(q, liveMask));
    else if (swept) scatter(weights, cols, live, swept);
    const pruned = applyMask(weights, mask);
    const change = gather(pruned, cols, allRows, live).map((w, i) => w - q.target[i]);
    const loss = quadraticForm(change, q.H, rows, live.length);
    return { weights: pruned, mask, loss, energy, biasShift: biasShift(problem, pruned) };
  };

  if (method === 'magnitude' || method === 'wanda' || method === 'taylor') {
    const scores = scoresOf(method, { ...problem, H: centred.H }, options);
    const select = { rowFloor: options.rowFloor, perRow: method === 'wanda' };
    return {
      method,
      trace: undefined,
      prune: (keep) => finish(selectMask(scores, rows, cols, granularity, keep, select)),
    };
  }

  /** The mask of the whole layer: dead columns go first, and come back by magnitude when all others stay. */
  const whole = (found: Uint8Array, keep: number) => {
    const liveMask = polish && searchCost(found, live.length) <= POLISH_BUDGET ? swapMask(q, found) : found;
    const mask = scatter(new Uint8Array(rows * cols), cols, live, liveMask);
    const surplus = keep - rows * live.length;
    if (surplus <= 0 || dead.length === 0 || granularity.kind === 'nm') return mask;
    const scores = magnitudeScores(gather(problem.weights, cols, allRows, dead));
    return scatter(mask, cols, dead, selectMask(scores, rows, dead.length, granularity, surplus));
  };

  if (granularity.kind === 'row') {
    const scores = outputEnergies(q);
    return {
      method,
      trace: undefined,
      prune: (keep) => finish(whole(selectMask(scores, rows, live.length, granularity, keep), keep)),
    };
  }
  switch (method) {
    case 'obs': {
      const inverse = inverseFromFactor(q.damped.L, live.length);
      const trace = traceLayer(q.target, inverse, rows, live.length, granularity);
      return {
        method,
        trace,
        prune: (keep) => finish(whole(maskFromTrace(trace, keep, options.rowFloor), keep)),
      };
    }
    case 'alps':
      return {
        method,
        trace: undefined,
        prune: (keep) => finish(whole(alpsMask(q, granularity, keep, { multiply: options.multiply }), keep)),
      };
    case 'sparsegpt':
      return {
        method,
        trace: undefined,
        prune: (keep) => {
          const { mask, weights } = sparseGpt(q, granularity, keep);
          return finish(whole(mask, keep), weights);
        },
      };
  }
}

/** Without inputs: by score alone, survivors unchanged. */
function scoreWeights(problem: LayerProblem, options: PruneOptions, granularity: Granularity): LayerPruner {
  const { rows, cols, weights } = problem;
  const method = options.method === undefined || options.method === 'auto' ? 'magnitude' : options.method;
  const scores = scoresOf(method, problem, options);
  const energy = sumOfSquares(weights);
  return {
    method,
    trace: undefined,
    prune(keep) {
      const mask = selectMask(scores, rows, cols, granularity, keep, { rowFloor: options.rowFloor });
      const pruned = applyMask(weights, mask);
      const loss = energy - sumOfSquares(pruned);
      return { weights: pruned, mask, loss, energy, biasShift: biasShift(problem, pruned) };
    },
  };
}

function scoresOf(method: Method, problem: LayerProblem, options: PruneOptions): Float64Array {
  const { weights, H, cols } = problem;
  switch (method) {
    case 'magnitude':
      return magnitudeScores(weights);
    case 'taylor':
      assert(options.gradient?.length === weights.length, "method 'taylor' needs one gradient per weight");
      return taylorScores(weights, options.gradient);
    case 'wanda':
      assert(H, "method 'wanda' needs the second moment of the inputs");
      return wandaScores(weights, H, cols);
    case 'sparsegpt':
    case 'obs':
    case 'alps':
      throw new InternalError(`method '${method}' needs the second moment of the inputs`);
  }
}

/** Per weight w · (H w), which sums over a row to the energy of that output: what dropping the whole row costs. */
function outputEnergies({ rows, cols, target, H }: Quadratic): Float64Array {
  return multiplyTransposed(target, H, rows, cols, cols).map((v, i) => v * target[i]);
}

function searchCost(mask: Uint8Array, cols: number): number {
  let cost = 0;
  for (let from = 0; from < mask.length; from += cols) {
    cost += 3.5 * cols * countKept(mask.subarray(from, from + cols)) ** 2;
  }
  return cost;
}

/** Adjacent columns whose fates are tied. */
function groupWidth(granularity: Granularity): number {
  switch (granularity.kind) {
    case 'element':
    case 'row':
      return 1;
    case 'block':
      return granularity.cols;
    case 'nm':
      return granularity.of;
  }
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (const v of values) sum += v * v;
  return sum;
}
