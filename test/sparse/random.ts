import type { Matrix } from '../../compiler/sparse/format.ts';

/** Mulberry32: uniform in [0, 1). */
export function generator(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Weights in ±1, none of them zero but those that `density` takes away. */
export function randomMatrix(rows: number, cols: number, density: number, seed: number): Matrix {
  const next = generator(seed);
  const data = new Float32Array(rows * cols);
  for (let i = 0; i < data.length; i++) {
    const value = (next() < 0.5 ? -1 : 1) * (0.01 + next());
    data[i] = next() < density ? value : 0;
  }
  return { rows, cols, data };
}

/** Distinct multiples of four in no order. */
export function shuffledOffsets(cols: number, seed: number): Int32Array {
  const next = generator(seed);
  const offsets = Int32Array.from({ length: cols }, (_, k) => 8 + 12 * k);
  for (let i = cols - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [offsets[i], offsets[j]] = [offsets[j], offsets[i]];
  }
  return offsets;
}
