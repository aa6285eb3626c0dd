import { expect, test } from 'vitest';
import { close, count, floats, formsOf, i32, planOf, refuses, run, tf, toTf } from './run.ts';

const rows = { axis: 0, batchDims: 0 };

test('gather of tfjs', () => {
  const [x, at] = [floats([2, 5, 3]), i32([2, 2], 4, 0, 2, 2)];
  close(run('gather', [x, at], { axis: 1, batchDims: 0 }), tf.gather(toTf(x), toTf(at) as never, 1));
  close(run('gather', [x, at], { axis: 1, batchDims: 1 }), tf.gather(toTf(x), toTf(at) as never, 1, 1));
});

test('negative indices count from the end, others outside are clamped', () => {
  const y = run('gather', [count([4]), i32([5], -1, -4, -5, 4, 100)], rows);
  expect([...y.data]).toEqual([3, 0, 0, 3, 3]);
});

test('known indices are views or a few copies, others a call', () => {
  const plan = (...at: number[]) =>
    formsOf(planOf([[8, 3]], (b, [x]) => b.one('gather', [x, b.constant(i32([at.length], ...at))], rows)));
  expect(plan(5)).toEqual([]);
  expect(plan(6, 4, 2)).toEqual([]);
  expect(plan(3, 3, 3)).toEqual([]);
  expect(plan(1, 1, 2, 2, 3, 3)).toEqual([]);
  expect(plan(0, 1, 7, 6)).toEqual(['move', 'move']);
  expect(plan(...Array.from({ length: 40 }, (_, i) => (i * i) % 8))).toEqual(['call']);
});

test('what is refused', () => {
  const x = count([2, 5]);
  refuses('E_SHAPE', 'gather', [x, count([2])], rows);
  refuses('E_SHAPE', 'gather', [x, i32([1], 0)], { axis: 2, batchDims: 0 });
  refuses('E_SHAPE', 'gather', [x, i32([3], 0, 0, 0)], { axis: 1, batchDims: 1 });
  refuses('E_SHAPE', 'gather', [x, i32([2], 0, 0)], { axis: 0, batchDims: 1 });
  refuses('E_SHAPE', 'gather', [count([0, 5]), i32([1], 0)], rows);
});
