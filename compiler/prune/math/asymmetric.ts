/**
 * What a layer should aim at when its input comes from an already pruned model: ‖W x_d − W' x_p‖² equals
 * ‖(W* − W') x_p‖² plus a constant, so every layer-wise method works on (W*, H) unchanged.
 */
import { type Damped, damp, multiplyTransposed, solveRows, transpose } from './matrix.ts';
import type { LayerProblem } from './problem.ts';

/** A layer reduced to its quadratic problem: minimise Σ_r (w_r − w*_r)ᵀ (H + λI) (w_r − w*_r). */
export interface Quadratic {
  readonly rows: number;
  readonly cols: number;
  /** W*, [R × n]. */
  readonly target: Float64Array;
  /** H without damping, centred where the means are known, [n × n]. */
  readonly H: Float64Array;
  readonly damped: Damped;
}

/**
 * The covariance form of a problem: H − μ_p μ_pᵀ and C − μ_d μ_pᵀ, which is what an unpruned constant input would leave.
 * Without `meanPruned` the problem is returned as it is.
 */
export function centre(problem: LayerProblem): LayerProblem {
  const { rows, cols, weights, H, C, outputCross, meanPruned } = problem;
  if (!meanPruned || !H) return problem;
  const meanDense = problem.meanDense ?? meanPruned;
  const minus = (m: Float64Array | undefined, u: Float64Array) =>
    m?.map((v, i) => v - u[Math.floor(i / cols)] * meanPruned[i % cols]);
  return {
    ...problem,
    H: minus(H, meanPruned),
    C: minus(C, meanDense),
    outputCross: minus(outputCross, apply(weights, meanDense, rows, cols)),
  };
}

/**
 * W* = (W C + λW)(H + λI)⁻¹, λ = `damping` × mean diagonal of H. It is W, untouched, where there is no C. Pass a problem
 * that is already centred.
 */
export function quadratic(problem: LayerProblem & { readonly H: Float64Array }, damping: number): Quadratic {
  const { rows, cols, weights, H, C, outputCross } = problem;
  const damped = damp(H, cols, damping);
  const cross = outputCross ?? (C && multiplyTransposed(weights, transpose(C, cols, cols), rows, cols, cols));
  const target = cross
    ? solveRows(
        damped.L,
        cols,
        cross.map((v, i) => v + damped.lambda * weights[i]),
        rows,
      )
    : Float64Array.from(weights);
  return { rows, cols, target, H, damped };
}

/** b' − b = W μ_d − W' μ_p, [R]: keeps the mean of every output after pruning. */
export function biasShift(problem: LayerProblem, pruned: Float64Array): Float64Array {
  const { rows, cols, weights, meanPruned } = problem;
  if (!meanPruned) return new Float64Array(rows);
  const before = apply(weights, problem.meanDense ?? meanPruned, rows, cols);
  const after = apply(pruned, meanPruned, rows, cols);
  return before.map((v, r) => v - after[r]);
}

function apply(weights: Float64Array, x: Float64Array, rows: number, cols: number): Float64Array {
  const y = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let s = 0;
    for (let k = 0; k < cols; k++) s += weights[r * cols + k] * x[k];
    y[r] = s;
  }
  return y;
}
