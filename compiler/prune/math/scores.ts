/** How much a weight matters, by one formula each; higher stays. All return one score per weight, float64. */
import { ascendingOrder } from './order.ts';

type Floats = Float32Array | Float64Array;

/** |w|. Han et al. 2015, "Learning both weights and connections". */
export function magnitudeScores(weights: Floats): Float64Array {
  return new Float64Array(weights).map((w) => Math.abs(w));
}

/**
 * w² over the sum of the squares that are not smaller: comparable between layers, and 1 for the largest weight of each,
 * so that no layer vanishes under one threshold. Lee et al. 2021, "Layer-adaptive sparsity" (LAMP).
 */
export function lampScores(weights: Floats): Float64Array {
  // The order of the squares, in fewer bytes that differ.
  const order = ascendingOrder(magnitudeScores(weights));
  const scores = new Float64Array(weights.length);
  let suffix = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    const square = weights[order[i]] ** 2;
    suffix += square;
    scores[order[i]] = square > 0 ? square / suffix : 0;
  }
  return scores;
}

/** |w| · √H_jj. Sun et al. 2023, Wanda. `h` is [n × n], n = `cols`. */
export function wandaScores(weights: Floats, h: Float64Array, cols: number): Float64Array {
  const norms = Float64Array.from({ length: cols }, (_, j) => Math.sqrt(h[j * cols + j]));
  return new Float64Array(weights).map((w, i) => Math.abs(w) * norms[i % cols]);
}

/**
 * (w · ∂L/∂w)², the squared first-order change of the loss when the weight goes. Molchanov et al. 2019, "Importance
 * estimation for neural network pruning". `gradient` is √Σ (∂L/∂w)² over batches, one per weight.
 */
export function taylorScores(weights: Floats, gradient: Floats): Float64Array {
  return new Float64Array(weights).map((w, i) => (w * gradient[i]) ** 2);
}
