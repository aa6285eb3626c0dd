import { describe, expect, test } from 'vitest';
import { Cross, Gram } from '../../compiler/prune/math/gram.ts';
import {
  cholesky,
  damp,
  inverseFromFactor,
  inverseUpperFactor,
  multiplyTransposed,
  solveRows,
} from '../../compiler/prune/math/matrix.ts';
import { correlated, largestGap, normals, rowsOf, secondMoment, solve } from './reference.ts';

const sizes = [1, 2, 3, 4, 5, 7, 8, 13, 33];

describe('dense algebra against Gaussian elimination', () => {
  test.each(sizes)('n = %i: factor, inverse, upper factor, solve', (n) => {
    const { H } = correlated(n, 1, n, 3 * n + 5);
    for (let i = 0; i < n; i++) H[i * n + i] += 0.05;
    const rows = rowsOf(H, n);
    const identity = rows.map((_, i) => rows.map((_, j) => Number(i === j)));
    const inverse = identity.flatMap((e) => solve(rows, e));

    const l = cholesky(H, n)!;
    expect(largestGap(multiplyTransposed(l, l, n, n, n), H)).toBeLessThan(1e-12);
    expect(largestGap(inverseFromFactor(l, n), inverse)).toBeLessThan(1e-9);

    const u = inverseUpperFactor(H, n)!;
    const product = rowsOf(u, n).map((_, i) =>
      rows.map((_, j) => rows.reduce((s, _, k) => s + u[k * n + i] * u[k * n + j], 0)),
    );
    expect(largestGap(product.flat(), inverse)).toBeLessThan(1e-9);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(u[i * n + j]).toBe(0);

    const normal = normals(n);
    const b = Float64Array.from({ length: 5 * n }, normal);
    const x = rowsOf(b, n).flatMap((row) => solve(rows, row));
    expect(largestGap(solveRows(l, n, b, 5), x)).toBeLessThan(1e-9);
  });

  test('an indefinite matrix has no factor', () => {
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(NaN, 0, 0, 1), 2)).toBeUndefined();
  });

  test('damping is a share of the mean diagonal, raised only where needed', () => {
    const fine = damp(Float64Array.of(2, 0, 0, 4), 2, 0.01);
    expect(fine.lambda).toBeCloseTo(0.03, 15);
    const singular = damp(Float64Array.of(1, 1, 1, 1), 2, 0);
    expect(singular.lambda).toBeGreaterThan(0);
    const indefinite = damp(Float64Array.of(1, 1.5, 1.5, 1), 2, 0.01);
    expect(indefinite.lambda).toBeCloseTo(1, 12);
  });
});

describe('streamed second moments', () => {
  test.each(sizes)('n = %i, in uneven float32 batches', (n) => {
    const samples = 700;
    const { x } = correlated(n, 1, n, samples, 0.7);
    const half = Float32Array.from(x);
    const p = 3;
    const u = Float32Array.from({ length: p * samples }, normals(9));
    const gram = new Gram(n);
    const cross = new Cross(p, n);
    for (const [from, to] of [
      [0, 1],
      [1, 300],
      [300, 700],
    ]) {
      const part = (m: Float32Array, rows: number) =>
        Float32Array.from(
          { length: rows * (to - from) },
          (_, i) => m[Math.floor(i / (to - from)) * samples + from + (i % (to - from))],
        );
      gram.add(part(half, n), to - from);
      cross.add(part(u, p), part(half, n), to - from);
    }
    expect(largestGap(gram.moment(), secondMoment(half, half, n, n, samples))).toBeLessThan(1e-10);
    expect(largestGap(cross.moment(), secondMoment(u, half, p, n, samples))).toBeLessThan(1e-10);
    const ones = new Float64Array(samples).fill(1);
    expect(largestGap(gram.mean(), secondMoment(half, ones, n, 1, samples))).toBeLessThan(1e-10);
    expect(largestGap(cross.mean(), secondMoment(u, ones, p, 1, samples))).toBeLessThan(1e-10);
  });
});
