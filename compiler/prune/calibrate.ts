/** What a layer reads, as the moments that second-order pruning needs: streamed over batches of calibration samples. */
import { random } from '../ir/random.ts';
import type { TfTensor } from '../ops/define.ts';
import type { Columns } from './columns.ts';
import { numbers } from './graph-tf.ts';
import type { PrunableLayer } from './layers.ts';
import { Cross, Gram } from './math/gram.ts';
import type { LayerProblem } from './math/problem.ts';
import type { Tf } from './train/backend.ts';

/** One batch at a layer: the operand of the weights in the dense and in the pruned network. */
export interface Operands {
  readonly samples: number;
  readonly dense: TfTensor;
  /** The same tensor where the networks still agree. */
  readonly pruned: TfTensor;
}

/** Positions per column beyond which moments no longer change (the reference's "about 10 n"), and the least anyway. */
const perColumn = 10;
const least = 8192;

/**
 * The problem of each group of a layer. Positions are drawn evenly from all batches, which hold `samples` together, the same
 * for both networks. `centred`: give means, so that the bias takes what a constant input loses.
 */
export function layerProblems(
  tf: Tf,
  layer: PrunableLayer,
  columns: Columns,
  batches: Iterable<Operands>,
  centred: boolean,
  samples: number,
  seed: number,
): LayerProblem[] {
  const { groups } = layer;
  const rows = layer.rows / groups;
  const { cols } = columns;
  const share = Math.min(1, Math.max(least, perColumn * cols) / (samples * columns.positions));
  let apart = false;
  const sums = Array.from({ length: groups }, () => ({
    H: new Gram(cols),
    cross: new Cross(rows, cols),
    dense: new Means(cols),
  }));
  const chance = random(seed);
  for (const { samples: b, dense, pruned } of batches) {
    const total = b * columns.positions;
    const all = Uint32Array.from({ length: total }, (_, i) => i);
    const at =
      share < 1
        ? chance
            .shuffle(all)
            .subarray(0, Math.ceil(share * total))
            .sort()
        : all;
    const xp = pruned.dataSync() as Float32Array;
    apart = dense !== pruned;
    const xd = apart ? (dense.dataSync() as Float32Array) : xp;
    sums.forEach(({ H, cross, dense: means }, g) => {
      const p = columns.read(xp, g, at);
      H.add(p, at.length);
      if (!apart) return;
      const d = columns.read(xd, g, at);
      means.add(d, at.length);
      cross.add(product(tf, groupPart(layer.weights, layer, g), rows, d, cols, at.length), p, at.length);
    });
  }
  return sums.map(({ H, cross, dense }, g) => ({
    rows,
    cols,
    weights: Float64Array.from(groupPart(layer.weights, layer, g)),
    H: H.moment(),
    samples: H.samples,
    ...(apart && { outputCross: cross.moment() }),
    ...(centred && { meanPruned: H.mean(), ...(apart && { meanDense: dense.mean() }) }),
  }));
}

/** The rows of a group. */
export function groupPart<T extends Float32Array | Uint8Array>(
  all: T,
  { groups }: PrunableLayer,
  g: number,
): T {
  const size = all.length / groups;
  return all.subarray(g * size, (g + 1) * size) as T;
}

/** W [rows × cols] · X [cols × count]. */
const product = (tf: Tf, w: Float32Array, rows: number, x: Float32Array, cols: number, count: number) =>
  numbers(tf, () => tf.matMul(tf.tensor2d(w, [rows, cols]), tf.tensor2d(x, [cols, count])));

/** E[x] of channel-major batches. */
class Means {
  readonly #sum: Float64Array;
  #count = 0;

  constructor(cols: number) {
    this.#sum = new Float64Array(cols);
  }

  add(x: Float32Array, count: number): void {
    for (let k = 0; k < this.#sum.length; k++) {
      for (let s = 0; s < count; s++) this.#sum[k] += x[k * count + s];
    }
    this.#count += count;
  }

  mean(): Float64Array {
    return this.#sum.map((s) => s / this.#count);
  }
}
