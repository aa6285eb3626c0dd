import { expect, test } from 'vitest';
import { count, f32, i32, refuses, run } from './run.ts';

test('the examples of the ONNX specification', () => {
  const a = run('gatherElements', [f32([2, 2], 1, 2, 3, 4), i32([2, 2], 0, 0, 1, 0)], { axis: 1 });
  expect([...a.data]).toEqual([1, 1, 4, 3]);
  const x = f32([3, 3], 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const b = run('gatherElements', [x, i32([2, 3], -1, -2, 0, -2, 0, 0)], { axis: 0 });
  expect([...b.data]).toEqual([7, 5, 3, 4, 2, 3]);
});

test('what is refused', () => {
  const x = count([3, 3]);
  refuses('E_SHAPE', 'gatherElements', [x, count([2, 3])], { axis: 0 });
  refuses('E_SHAPE', 'gatherElements', [x, i32([1, 4], 0, 0, 0, 0)], { axis: 0 });
  refuses('E_SHAPE', 'gatherElements', [x, i32([3], 0, 0, 0)], { axis: 0 });
});
