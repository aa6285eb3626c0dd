import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pythonSlice } from '../../compiler/ops/slice.ts';
import { close, count, formsOf, planOf, refuses, run, tf, toTf } from './run.ts';

test('stridedSlice of tfjs', () => {
  const x = count([4, 7]);
  const y = run('slice', [x], { starts: [1, 6], sizes: [2, 4], steps: [2, -2] });
  close(y, tf.stridedSlice(toTf(x), [1, 6], [4, -8], [2, -2]));
});

test('it is an alias', () => {
  const attrs = { starts: [3, 1], sizes: [2, 2], steps: [-2, 1] };
  expect(formsOf(planOf([[4, 6]], (b, [x]) => b.one('slice', [x], attrs)))).toEqual([]);
});

test('what is refused', () => {
  const x = count([4, 7]);
  refuses('E_SHAPE', 'slice', [x], { starts: [0, 0], sizes: [4, 8], steps: [1, 1] });
  refuses('E_SHAPE', 'slice', [x], { starts: [0, 2], sizes: [4, 4], steps: [1, -1] });
  refuses('E_SHAPE', 'slice', [x], { starts: [-1, 0], sizes: [1, 1], steps: [1, 1] });
  refuses('E_SHAPE', 'slice', [x], { starts: [0, 0], sizes: [1, 1], steps: [1, 0] });
  refuses('E_SHAPE', 'slice', [x], { starts: [0], sizes: [1], steps: [1] });
});

/** Python's own rules, step by step (CPython PySlice_AdjustIndices). */
function indicesOf(size: number, start: number | null, stop: number | null, step: number): number[] {
  const wrap = (i: number) => (i < 0 ? i + size : i);
  const out: number[] = [];
  let i = start === null ? (step > 0 ? 0 : size - 1) : wrap(start);
  const end = stop === null ? (step > 0 ? size : -1) : Math.max(step > 0 ? 0 : -1, wrap(stop));
  if (step > 0) for (i = Math.max(0, i); i < Math.min(end, size); i += step) out.push(i);
  else for (i = Math.min(size - 1, i); i > end && i >= 0; i += step) out.push(i);
  return out;
}

test('Python slices', () => {
  const bound = fc.option(fc.integer({ min: -9, max: 9 }));
  const steps = fc.constantFrom(-3, -2, -1, 1, 2, 3);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 }), bound, bound, steps, (size, start, stop, step) => {
      const s = pythonSlice(size, start, stop, step);
      const got = Array.from({ length: s.size }, (_, k) => s.start + k * s.step);
      expect(got).toEqual(indicesOf(size, start, stop, step));
    }),
    { numRuns: 500, seed: 5 },
  );
});
