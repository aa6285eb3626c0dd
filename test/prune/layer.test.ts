import { describe, expect, test } from 'vitest';
import { biasShift, centre, quadratic } from '../../compiler/prune/math/asymmetric.ts';
import { conjugateLeastSquares, exactLeastSquares } from '../../compiler/prune/math/leastsquares.ts';
import { multiplyTransposed } from '../../compiler/prune/math/matrix.ts';
import { assertPruned, countKept, selectMask } from '../../compiler/prune/math/patterns.ts';
import type { Granularity, LayerProblem, Method } from '../../compiler/prune/math/problem.ts';
import { chooseMethod, preparePruner, pruneMatrix } from '../../compiler/prune/math/prunelayer.ts';
import { sparseGpt } from '../../compiler/prune/math/sparsegpt.ts';
import { swapMask } from '../../compiler/prune/math/swap.ts';
import { bestOn, correlated, largestGap, rowsOf, secondMoment, solve } from './reference.ts';

const methods: Method[] = ['magnitude', 'wanda', 'taylor', 'sparsegpt', 'obs', 'alps'];
const granularities: Granularity[] = [
  { kind: 'element' },
  { kind: 'block', rows: 4, cols: 1 },
  { kind: 'block', rows: 1, cols: 4 },
  { kind: 'block', rows: 2, cols: 3 },
  { kind: 'nm', keep: 2, of: 4 },
  { kind: 'row' },
];

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** A layer behind a pruned one: dense inputs x, pruned inputs x + noise + offset. */
function asymmetricProblem(seed: number, rows: number, cols: number, samples: number) {
  const dense = correlated(seed, rows, cols, samples, 0.5);
  const noise = correlated(seed + 100, 1, cols, samples, 0.3);
  const pruned = dense.x.map((v, i) => 0.8 * v + 0.5 * noise.x[i]);
  const ones = new Float64Array(samples).fill(1);
  const problem: LayerProblem & { H: Float64Array; C: Float64Array } = {
    rows,
    cols,
    samples,
    weights: dense.weights,
    H: secondMoment(pruned, pruned, cols, cols, samples),
    C: secondMoment(dense.x, pruned, cols, cols, samples),
    meanDense: secondMoment(dense.x, ones, cols, 1, samples),
    meanPruned: secondMoment(pruned, ones, cols, 1, samples),
  };
  return { problem, dense: dense.x, pruned };
}

/** Mean over positions of Σ_r (W x_d − W' x_p − shift)², by going through all positions. */
function outputError(
  problem: LayerProblem,
  dense: Float64Array,
  pruned: Float64Array,
  weights: Float64Array,
  shift?: Float64Array,
): number {
  const { rows, cols, samples } = problem;
  let total = 0;
  for (let s = 0; s < samples; s++) {
    for (let r = 0; r < rows; r++) {
      let d = -(shift?.[r] ?? 0);
      for (let k = 0; k < cols; k++) {
        d +=
          problem.weights[r * cols + k] * dense[k * samples + s] -
          weights[r * cols + k] * pruned[k * samples + s];
      }
      total += d * d;
    }
  }
  return total / samples;
}

describe('least squares on a mask', () => {
  const p = correlated(4, 5, 18, 90);
  const q = quadratic(p, 1e-3);
  const mask = selectMask(p.weights.map(Math.abs), 5, 18, { kind: 'element' }, 40);

  test('the gradient is zero on the kept set, the weights are zero off it', () => {
    const w = exactLeastSquares(q, mask);
    const gradient = multiplyTransposed(
      w.map((v, i) => v - q.target[i]),
      q.damped.H,
      5,
      18,
      18,
    );
    for (let i = 0; i < w.length; i++) {
      if (mask[i]) expect(Math.abs(gradient[i])).toBeLessThan(1e-12);
      else expect(w[i]).toBe(0);
    }
  });

  test('it is the dense solution of the same problem, also where rows share a mask', () => {
    const shared = mask.slice();
    shared.copyWithin(18, 0, 18);
    const w = exactLeastSquares(q, shared);
    const h = rowsOf(q.damped.H, 18);
    const expected = rowsOf(shared, 18).flatMap(
      (m, r) =>
        bestOn(
          h,
          rowsOf(q.target, 18)[r],
          m.flatMap((v, i) => (v ? [i] : [])),
        ).w,
    );
    expect(largestGap(w, expected)).toBeLessThan(1e-10);
  });

  test('conjugate gradients reach it from the masked target', () => {
    const start = q.target.map((v, i) => (mask[i] ? v : 0));
    const w = conjugateLeastSquares(q, mask, start, 40);
    expect(largestGap(w, exactLeastSquares(q, mask))).toBeLessThan(1e-8);
    expect(conjugateLeastSquares(q, mask, start, 0)).toEqual(start);
  });
});

describe('exchanges within a row', () => {
  const loss = (q: ReturnType<typeof quadratic>, r: number, kept: number[]) =>
    bestOn(rowsOf(q.damped.H, q.cols), rowsOf(q.target, q.cols)[r], kept).loss;
  const keptOf = (mask: Uint8Array, cols: number) =>
    rowsOf(mask, cols).map((m) => m.flatMap((v, i) => (v ? [i] : [])));

  test('never raise the loss, keep the counts, and end where the best return pays for no removal', () => {
    let improved = 0;
    for (let seed = 0; seed < 12; seed++) {
      const [rows, cols] = [3, 14];
      const q = quadratic(correlated(seed, rows, cols, 60), 1e-3);
      const before = selectMask(q.target.map(Math.abs), rows, cols, { kind: 'element' }, 4 + 2 * seed);
      const after = swapMask(q, before);
      const start = keptOf(before, cols);
      keptOf(after, cols).forEach((kept, r) => {
        expect(kept.length).toBe(start[r].length);
        const reached = loss(q, r, kept);
        expect(reached).toBeLessThanOrEqual(loss(q, r, start[r]) * (1 + 1e-9));
        if (reached < 0.99 * loss(q, r, start[r])) improved++;
        if (kept.length === 0 || kept.length === cols) return;
        const out = Array.from({ length: cols }, (_, j) => j).filter((j) => !kept.includes(j));
        const back = out
          .map((j) => ({ j, loss: loss(q, r, [...kept, j]) }))
          .reduce((a, b) => (b.loss < a.loss ? b : a));
        for (const i of kept) {
          const exchanged = loss(q, r, [...kept.filter((k) => k !== i), back.j]);
          expect(exchanged).toBeGreaterThan(reached * (1 - 1e-3));
        }
      });
    }
    expect(improved).toBeGreaterThan(10);
  });
});

describe('order of methods', () => {
  test('OBS ≤ SparseGPT + LS ≤ SparseGPT ≤ Wanda, medians over 50 seeds', () => {
    const losses = {
      obs: [] as number[],
      refit: [] as number[],
      sparsegpt: [] as number[],
      wanda: [] as number[],
    };
    for (let seed = 0; seed < 50; seed++) {
      const p = correlated(seed, 8, 24, 120);
      const keep = 58;
      const loss = (method: Method, refit?: boolean) => {
        const r = pruneMatrix(p, { method, refit, polish: false, keep });
        return r.loss / r.energy;
      };
      losses.obs.push(loss('obs'));
      losses.refit.push(loss('sparsegpt'));
      losses.sparsegpt.push(loss('sparsegpt', false));
      losses.wanda.push(loss('wanda'));
    }
    const [obs, refit, sparsegpt, wanda] = Object.values(losses).map(median);
    expect(obs).toBeLessThan(0.95 * refit);
    expect(refit).toBeLessThan(0.95 * sparsegpt);
    expect(sparsegpt).toBeLessThan(0.95 * wanda);
  });

  test('ALPS is close to OBS and refitting never harms', () => {
    const ratio: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const p = correlated(seed, 8, 24, 120);
      const alps = pruneMatrix(p, { method: 'alps', keep: 58 }).loss;
      ratio.push(alps / pruneMatrix(p, { method: 'obs', polish: false, keep: 58 }).loss);
      const plain = pruneMatrix(p, { method: 'magnitude', keep: 58 }).loss;
      expect(pruneMatrix(p, { method: 'magnitude', refit: true, keep: 58 }).loss).toBeLessThan(plain);
    }
    expect(median(ratio)).toBeLessThan(1.02);
  });
});

describe.each(granularities)('every method under $kind', (granularity) => {
  const [rows, cols] = [10, 22];
  const { problem } = asymmetricProblem(3, rows, cols, 200);
  const gradient = correlated(77, rows, cols, 2).weights;

  test.each(methods)('%s keeps to the pattern and to the count', (method) => {
    const pruner = preparePruner(problem, { method, granularity, gradient });
    for (const keep of [rows * cols, 131, 60, 7, 0]) {
      const { mask, weights, loss, energy } = pruner.prune(keep);
      if (granularity.kind === 'element') expect(countKept(mask)).toBe(keep);
      if (granularity.kind === 'nm') {
        for (const row of rowsOf(mask, cols)) {
          for (let k = 0; k < cols; k += 4) {
            expect(row.slice(k, k + 4).reduce((a, b) => a + b)).toBe(2);
          }
        }
      } else {
        assertPruned(weights, mask, keep);
        const [r, c] =
          granularity.kind === 'block'
            ? [granularity.rows, granularity.cols]
            : [1, granularity.kind === 'row' ? cols : 1];
        for (let i = 0; i < mask.length; i++) {
          const row = Math.floor(i / cols);
          const first = (row - (row % r)) * cols + (i % cols) - ((i % cols) % c);
          expect(mask[i]).toBe(mask[first]);
        }
      }
      expect(loss).toBeGreaterThanOrEqual(-1e-9);
      expect(loss).toBeLessThan(energy * 20);
    }
  });
});

describe('nothing pruned', () => {
  const p = correlated(6, 7, 19, 100, 0.4);
  const meanPruned = secondMoment(p.x, new Float64Array(100).fill(1), 19, 1, 100);

  test.each(methods)('%s is the identity where the inputs are the dense ones', (method) => {
    const outputCross = multiplyTransposed(p.weights, p.H, 7, 19, 19);
    for (const extra of [{}, { C: p.H, meanPruned, meanDense: meanPruned }, { outputCross, meanPruned }]) {
      const r = pruneMatrix({ ...p, ...extra }, { method, keep: 7 * 19, refit: true, gradient: p.weights });
      expect(largestGap(r.weights, p.weights)).toBeLessThan(1e-10);
      expect(largestGap(r.biasShift, new Float64Array(7))).toBeLessThan(1e-10);
    }
  });
});

describe('asymmetric, centred targets', () => {
  const { problem, dense, pruned } = asymmetricProblem(1, 4, 12, 300);

  test('W* is the least-squares map from the pruned inputs to the dense outputs', () => {
    const symmetric = { ...problem, meanDense: undefined, meanPruned: undefined };
    const { target } = quadratic(symmetric, 1e-12);
    const best = outputError(problem, dense, pruned, target);
    for (let i = 0; i < target.length; i++) {
      for (const step of [-1e-3, 1e-3]) {
        const moved = target.slice();
        moved[i] += step;
        expect(outputError(problem, dense, pruned, moved)).toBeGreaterThan(best);
      }
    }
    expect(outputError(problem, dense, pruned, problem.weights)).toBeGreaterThan(1.1 * best);
  });

  test('the loss differs from the true output error by a constant', () => {
    const without = { ...problem, meanDense: undefined, meanPruned: undefined };
    const pruner = preparePruner(without, { method: 'obs', damping: 1e-9 });
    const gaps = [48, 30, 20, 5].map((keep) => {
      const r = pruner.prune(keep);
      return outputError(problem, dense, pruned, r.weights) - r.loss;
    });
    for (const gap of gaps) expect(Math.abs(gap - gaps[0])).toBeLessThan(1e-7);
  });

  test('a centred problem with its bias is better than an uncentred one, and keeps every output mean', () => {
    const keep = 16;
    const centred = pruneMatrix(problem, { method: 'obs', keep });
    const plain = pruneMatrix(
      { ...problem, meanDense: undefined, meanPruned: undefined },
      { method: 'obs', keep },
    );
    expect(plain.biasShift).toEqual(new Float64Array(4));
    const error = outputError(problem, dense, pruned, centred.weights, centred.biasShift);
    expect(error).toBeLessThan(0.95 * outputError(problem, dense, pruned, plain.weights));
    expect(error).toBeLessThan(outputError(problem, dense, pruned, centred.weights));
    for (const nudge of [-0.01, 0.01]) {
      const moved = centred.biasShift.map((b) => b + nudge);
      expect(outputError(problem, dense, pruned, centred.weights, moved)).toBeGreaterThan(error);
    }
  });

  test('E[(W x_d) x_pᵀ] says the same as C', () => {
    const { C, ...rest } = problem;
    const y = new Float64Array(4 * 300);
    for (let r = 0; r < 4; r++) {
      for (let s = 0; s < 300; s++) {
        for (let k = 0; k < 12; k++) y[r * 300 + s] += problem.weights[r * 12 + k] * dense[k * 300 + s];
      }
    }
    const outputCross = secondMoment(y, pruned, 4, 12, 300);
    const a = pruneMatrix({ ...rest, C }, { keep: 20 });
    const b = pruneMatrix({ ...rest, outputCross }, { keep: 20 });
    expect(largestGap(a.weights, b.weights)).toBeLessThan(1e-9);
    expect(largestGap(a.biasShift, b.biasShift)).toBeLessThan(1e-9);
  });

  test('the bias shift needs the original means, not centred ones', () => {
    expect(biasShift(problem, problem.weights)).not.toEqual(new Float64Array(4));
    expect(centre({ ...problem, meanPruned: undefined }).H).toBe(problem.H);
  });
});

describe('dead inputs', () => {
  const [rows, cols, samples] = [5, 12, 80];
  const deadColumns = [0, 3, 4, 11];
  const base = correlated(12, rows, cols, samples);
  const x = base.x.map((v, i) => (deadColumns.includes(Math.floor(i / samples)) ? 2.1 : v));
  const problem: LayerProblem = {
    rows,
    cols,
    samples,
    weights: base.weights,
    H: secondMoment(x, x, cols, cols, samples),
    meanPruned: secondMoment(x, new Float64Array(samples).fill(1), cols, 1, samples),
  };

  test.each(['obs', 'alps', 'sparsegpt'] as const)(
    '%s drops constant columns first, into the bias, at no loss',
    (method) => {
      const r = pruneMatrix(problem, { method, keep: rows * (cols - deadColumns.length) });
      for (const row of rowsOf(r.mask, cols)) for (const k of deadColumns) expect(row[k]).toBe(0);
      expect(r.loss).toBeLessThan(1e-20);
      expect(outputError(problem, x, x, r.weights, r.biasShift)).toBeLessThan(1e-20);
    },
  );

  test.each(['obs', 'alps', 'sparsegpt'] as const)(
    '%s brings them back unchanged when the count asks for them',
    (method) => {
      const keep = rows * cols - 3;
      const r = pruneMatrix(problem, { method, keep });
      expect(countKept(r.mask)).toBe(keep);
      r.mask.forEach((m, i) => {
        expect(Math.abs(r.weights[i] - (m ? base.weights[i] : 0))).toBeLessThan(1e-10);
      });
    },
  );

  test('a layer whose inputs never change is pruned by magnitude', () => {
    const H = new Float64Array(cols * cols);
    const r = pruneMatrix({ ...problem, H, meanPruned: undefined }, { method: 'obs', keep: 9 });
    expect(countKept(r.mask)).toBe(9);
    expect(r.mask).toEqual(pruneMatrix({ ...problem, H: undefined }, { keep: 9 }).mask);
  });
});

describe('choosing', () => {
  test('ALPS by its cost, else SparseGPT', () => {
    expect(chooseMethod(64, 576)).toBe('alps');
    expect(chooseMethod(300, 784)).toBe('alps');
    expect(chooseMethod(1000, 1280)).toBe('sparsegpt');
    expect(chooseMethod(512, 4608)).toBe('sparsegpt');
    const p = correlated(2, 6, 10, 30);
    expect(preparePruner(p).method).toBe('alps');
    expect(preparePruner(p, { method: 'obs' }).trace?.traces.length).toBe(6);
  });

  test('without inputs: magnitude', () => {
    const { weights, rows, cols } = correlated(2, 6, 10, 3);
    const pruner = preparePruner({ rows, cols, weights, samples: 0 });
    expect(pruner.method).toBe('magnitude');
    const r = pruner.prune(12);
    expect(countKept(r.mask)).toBe(12);
    r.mask.forEach((m, i) => {
      expect(r.weights[i]).toBe(m ? weights[i] : 0);
    });
  });
});

describe('SparseGPT', () => {
  test('every column is decided at the optimum given the columns before it, over several blocks', () => {
    const n = 140;
    const q = quadratic(correlated(31, 2, n, 300), 1e-2);
    const { mask, weights } = sparseGpt(q, { kind: 'element' }, 90);
    expect(countKept(mask)).toBe(90);
    const h = rowsOf(q.damped.H, n);
    rowsOf(q.target, n).forEach((target, r) => {
      const w = [...target];
      for (let j = 0; j < n; j++) {
        // w_j, the first of the free columns j…, is their joint optimum for the fixed columns before j.
        const free = Array.from({ length: n - j }, (_, i) => j + i);
        const right = free.map((f) => -h[f].slice(0, j).reduce((s, v, i) => s + v * (w[i] - target[i]), 0));
        const value =
          target[j] +
          solve(
            free.map((f) => h[f].slice(j)),
            right,
          )[0];
        w[j] = mask[r * n + j] ? value : 0;
      }
      expect(largestGap(weights.slice(r * n, (r + 1) * n), w)).toBeLessThan(1e-8);
    });
  });

  test('with a fixed mask and a rounding: beats rounding to nearest and obeys the mask', () => {
    const p = correlated(21, 8, 32, 200);
    const q = quadratic(p, 1e-2);
    const first = sparseGpt(q, { kind: 'element' }, 100);
    const round = (w: number) => Math.round(w / 0.6) * 0.6;
    const fitted = exactLeastSquares(q, first.mask);
    const again = sparseGpt({ ...q, target: fitted }, { kind: 'element' }, 0, { mask: first.mask, round });
    expect(again.mask).toEqual(first.mask);
    const loss = (w: Float64Array) => {
      const d = w.map((v, i) => v - fitted[i]);
      return multiplyTransposed(d, q.H, 8, 32, 32).reduce((s, v, i) => s + v * d[i], 0);
    };
    again.weights.forEach((w, i) => {
      expect(w).toBe(first.mask[i] ? round(w) : 0);
    });
    expect(loss(again.weights)).toBeLessThan(0.9 * loss(fitted.map(round)));
  });
});
