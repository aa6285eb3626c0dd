/**
 * Streamed second moments of layer inputs. A batch is channel-major, `x[i · count + s]` for column i and position s, as
 * im2col over a channel-major plane gives it. Sums are float64; about 10 n positions suffice for n columns, so a caller
 * may subsample positions.
 */
import { dots4x4 } from './dots.ts';

/** Positions multiplied at a time: a 4-row tile of them stays in the first-level cache. */
const CHUNK = 256;

/** Accumulates E[x xᵀ] and E[x] of x ∈ ℝⁿ. */
export class Gram {
  readonly cols: number;
  samples = 0;
  private readonly sum: Float64Array;
  private readonly total: Float64Array;

  constructor(cols: number) {
    this.cols = cols;
    this.sum = new Float64Array(cols * cols);
    this.total = new Float64Array(cols);
  }

  /** Adds `count` positions: x is [n × count]. */
  add(x: Float32Array | Float64Array, count: number): void {
    eachChunk(count, (from, size) => {
      const chunk = copyChunk(x, this.cols, count, from, size);
      addProduct(this.sum, chunk, this.cols, chunk, this.cols, size, true);
      addRowSums(this.total, chunk, this.cols, size);
    });
    this.samples += count;
  }

  /** E[x xᵀ], [n × n], symmetric. */
  moment(): Float64Array {
    const n = this.cols;
    const out = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = this.sum[i * n + j] / this.samples;
    }
    return out;
  }

  /** E[x], [n]. */
  mean(): Float64Array {
    return this.total.map((s) => s / this.samples);
  }
}

/** Accumulates E[u xᵀ] and E[u] of u ∈ ℝᵖ, x ∈ ℝⁿ at the same positions. */
export class Cross {
  readonly rows: number;
  readonly cols: number;
  samples = 0;
  private readonly sum: Float64Array;
  private readonly total: Float64Array;

  constructor(rows: number, cols: number) {
    this.rows = rows;
    this.cols = cols;
    this.sum = new Float64Array(rows * cols);
    this.total = new Float64Array(rows);
  }

  /** Adds `count` positions: u is [p × count], x is [n × count]. */
  add(u: Float32Array | Float64Array, x: Float32Array | Float64Array, count: number): void {
    eachChunk(count, (from, size) => {
      const left = copyChunk(u, this.rows, count, from, size);
      const right = copyChunk(x, this.cols, count, from, size);
      addProduct(this.sum, left, this.rows, right, this.cols, size, false);
      addRowSums(this.total, left, this.rows, size);
    });
    this.samples += count;
  }

  /** E[u xᵀ], [p × n]. */
  moment(): Float64Array {
    return this.sum.map((s) => s / this.samples);
  }

  /** E[u], [p]. */
  mean(): Float64Array {
    return this.total.map((s) => s / this.samples);
  }
}

function eachChunk(count: number, visit: (from: number, size: number) => void): void {
  for (let from = 0; from < count; from += CHUNK) visit(from, Math.min(CHUNK, count - from));
}

function copyChunk(x: Float32Array | Float64Array, rows: number, count: number, from: number, size: number) {
  const out = new Float64Array(rows * size);
  for (let r = 0; r < rows; r++) {
    for (let s = 0; s < size; s++) out[r * size + s] = x[r * count + from + s];
  }
  return out;
}

/** sum += A Bᵀ for A [p × size], B [q × size]; `lower` leaves tiles above the diagonal out. */
function addProduct(
  sum: Float64Array,
  a: Float64Array,
  p: number,
  b: Float64Array,
  q: number,
  size: number,
  lower: boolean,
): void {
  const sums = new Float64Array(16);
  const row = (r: number, rows: number) => (r < rows ? r : rows - 1) * size;
  for (let i = 0; i < p; i += 4) {
    const ih = Math.min(4, p - i);
    const [a0, a1, a2, a3] = [row(i, p), row(i + 1, p), row(i + 2, p), row(i + 3, p)];
    const end = lower ? Math.min(i + 4, q) : q;
    for (let j = 0; j < end; j += 4) {
      const jh = Math.min(4, q - j);
      dots4x4(a, a0, a1, a2, a3, b, row(j, q), row(j + 1, q), row(j + 2, q), row(j + 3, q), size, sums);
      for (let u = 0; u < ih; u++) {
        for (let v = 0; v < jh; v++) sum[(i + u) * q + j + v] += sums[4 * u + v];
      }
    }
  }
}

function addRowSums(total: Float64Array, x: Float64Array, rows: number, size: number): void {
  for (let r = 0; r < rows; r++) {
    let s = 0;
    for (let k = 0; k < size; k++) s += x[r * size + k];
    total[r] += s;
  }
}
