import { expect, test } from 'vitest';
import { count, formsOf, planOf, refuses, run } from './run.ts';

test('elements stay in order', () => {
  const y = run('reshape', [count([2, 6])], { shape: [3, 4] });
  expect([...y.shape]).toEqual([3, 4]);
  expect([...y.data]).toEqual([...count([12]).data]);
});

test('an alias where the shape cuts evenly, a copy where it does not', () => {
  const plan = (shape: number[]) =>
    planOf([[4, 6]], (b, [x]) => b.one('reshape', [b.one('transpose', [x], { perm: [1, 0] })], { shape }));
  expect(formsOf(plan([3, 2, 4]))).toEqual([]);
  expect(formsOf(plan([8, 3]))).toEqual(['move']);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'reshape', [count([2, 6])], { shape: [5, 2] });
  refuses('E_SHAPE', 'reshape', [count([2, 6])], { shape: [-1, 2] });
});
