import { describe, expect, test } from 'vitest';
import { cholesky, inverseFromFactor } from '../../compiler/prune/math/matrix.ts';
import { eliminate } from '../../compiler/prune/math/obs.ts';
import { countKept } from '../../compiler/prune/math/patterns.ts';
import type { Granularity } from '../../compiler/prune/math/problem.ts';
import { lossFromTrace, maskFromTrace, traceLayer } from '../../compiler/prune/math/trace.ts';
import { bestOn, correlated, largestGap, rowsOf } from './reference.ts';

/** Greedy elimination by solving every candidate problem from scratch. */
function bruteForce(
  h: number[][],
  targets: number[][],
  width: number,
  allowed: (kept: number[], group: number) => boolean,
) {
  const n = h.length;
  const totals = (kept: number[]) => targets.reduce((s, t) => s + bestOn(h, t, kept).loss, 0);
  let kept = Array.from({ length: n }, (_, i) => i);
  let before = 0;
  const order: number[] = [];
  const loss: number[] = [];
  for (;;) {
    const groups = [...new Set(kept.map((k) => Math.floor(k / width)))].filter((g) => allowed(kept, g));
    if (groups.length === 0) return { order, loss };
    const candidates = groups.map((g) => {
      const rest = kept.filter((k) => Math.floor(k / width) !== g);
      const after = totals(rest);
      return { g, rest, after, score: (after - before) / (kept.length - rest.length) };
    });
    const best = candidates.reduce((a, b) => (b.score < a.score ? b : a));
    order.push(best.g);
    loss.push(best.after - before);
    before = best.after;
    kept = best.rest;
  }
}

const problem = (seed: number, rows: number, n: number) => {
  const p = correlated(seed, rows, n, 5 * n);
  return {
    ...p,
    inverse: inverseFromFactor(cholesky(p.H, n)!, n),
    h: rowsOf(p.H, n),
    w: rowsOf(p.weights, n),
  };
};
const always = () => true;

describe('exact OBS against brute force', () => {
  test.each(Array.from({ length: 20 }, (_, s) => s))('12 columns, seed %i', (seed) => {
    const { weights, inverse, h, w } = problem(seed, 1, 12);
    const expected = bruteForce(h, w, 1, always);
    const trace = eliminate(weights, 1, inverse, 12);
    expect([...trace.order]).toEqual(expected.order);
    expect(largestGap(trace.loss, expected.loss)).toBeLessThan(1e-9 * (1 + Math.max(...expected.loss)));
  });

  test.each([
    [1, 4, 12],
    [1, 4, 14],
    [4, 1, 12],
    [2, 3, 13],
    [2, 1, 9],
    [3, 5, 12],
  ])('%i × %i blocks of %i columns', (r, width, n) => {
    for (let seed = 0; seed < 6; seed++) {
      const { weights, inverse, h, w } = problem(seed * 100 + r * 10 + width, r, n);
      const expected = bruteForce(h, w, width, always);
      const trace = eliminate(weights, r, inverse, n, { width });
      expect([...trace.order]).toEqual(expected.order);
      expect(largestGap(trace.loss, expected.loss)).toBeLessThan(1e-8 * (1 + Math.max(...expected.loss)));
    }
  });

  test.each([
    [2, 4, 12],
    [1, 4, 10],
    [4, 8, 12],
  ])('%i of every %i, %i columns', (keep, of, n) => {
    const { weights, inverse, h, w } = problem(keep + of + n, 1, n);
    const inGroup = (kept: number[], g: number) =>
      kept.filter((k) => Math.floor(k / of) === Math.floor(g / of)).length;
    const expected = bruteForce(h, w, 1, (kept, g) => inGroup(kept, g) > keep);
    const trace = eliminate(weights, 1, inverse, n, { quota: { keep, of } });
    expect([...trace.order]).toEqual(expected.order);
  });

  test('waiting updates are flushed many times on a wide row', () => {
    const n = 150;
    const { weights, inverse, h, w } = problem(3, 1, n);
    const trace = eliminate(weights, 1, inverse, n);
    expect(new Set(trace.order).size).toBe(n);
    let total = 0;
    for (const upTo of [40, 100, 149]) {
      const gone = new Set(trace.order.slice(0, upTo));
      const kept = Array.from({ length: n }, (_, i) => i).filter((i) => !gone.has(i));
      total = trace.loss.slice(0, upTo).reduce((a, b) => a + b, 0);
      expect(Math.abs(total / bestOn(h, w[0], kept).loss - 1)).toBeLessThan(1e-8);
    }
  });
});

describe('merging rows', () => {
  const rows = 6;
  const cols = 14;
  const granularities: Granularity[] = [
    { kind: 'element' },
    { kind: 'block', rows: 4, cols: 1 },
    { kind: 'block', rows: 1, cols: 4 },
    { kind: 'block', rows: 4, cols: 4 },
    { kind: 'nm', keep: 2, of: 4 },
  ];

  test.each(granularities)('$kind: the loss of the trace is that of the refit mask', (granularity) => {
    const { weights, inverse, h, w } = problem(5, rows, cols);
    const trace = traceLayer(weights, inverse, rows, cols, granularity);
    for (const keep of [70, 40, 11]) {
      const mask = maskFromTrace(trace, keep);
      if (granularity.kind === 'element') expect(countKept(mask)).toBe(keep);
      if (granularity.kind === 'block') expect(countKept(mask)).toBeLessThanOrEqual(keep);
      const exact = rowsOf(mask, cols)
        .map(
          (m, r) =>
            bestOn(
              h,
              w[r],
              m.flatMap((v, i) => (v ? [i] : [])),
            ).loss,
        )
        .reduce((a, b) => a + b, 0);
      expect(Math.abs(lossFromTrace(trace, mask) - exact)).toBeLessThan(1e-8 * (1 + exact));
    }
  });

  test('masks of one trace are nested, and rows keep their floor', () => {
    const { weights, inverse } = problem(8, rows, cols);
    const trace = traceLayer(weights, inverse, rows, cols, { kind: 'element' });
    let outer = maskFromTrace(trace, rows * cols);
    for (let keep = rows * cols - 1; keep >= 0; keep--) {
      const mask = maskFromTrace(trace, keep);
      expect(countKept(mask)).toBe(keep);
      expect(mask.every((m, i) => m <= outer[i])).toBe(true);
      outer = mask;
    }
    for (const row of rowsOf(maskFromTrace(trace, 0, 2), cols))
      expect(row.reduce((a, b) => a + b, 0)).toBe(2);
  });
});
