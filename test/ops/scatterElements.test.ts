import { expect, test } from 'vitest';
import { count, f32, i32, refuses, run } from './run.ts';

test('the example of the ONNX specification', () => {
  const x = f32([1, 5], 1, 2, 3, 4, 5);
  const given = [x, i32([1, 2], 1, -2), f32([1, 2], 1.5, 2.5)];
  const y = (reduction: string) => [...run('scatterElements', given, { axis: 1, reduction }).data];
  expect(y('none')).toEqual([1, 1.5, 3, 2.5, 5]);
  expect(y('add')).toEqual([1, 3.5, 3, 6.5, 5]);
  expect(y('mul')).toEqual([1, 3, 3, 10, 5]);
  expect(y('max')).toEqual([1, 2, 3, 4, 5]);
  expect(y('min')).toEqual([1, 1.5, 3, 2.5, 5]);
});

test('indices outside write nothing', () => {
  const y = run('scatterElements', [count([3]), i32([2], 3, -4), f32([2], 9, 9)], {
    axis: 0,
    reduction: 'none',
  });
  expect([...y.data]).toEqual([0, 1, 2]);
});

test('what is refused', () => {
  const attrs = { axis: 0, reduction: 'none' };
  refuses('E_SHAPE', 'scatterElements', [count([3]), i32([1], 0), count([1], 'int32')], attrs);
  refuses('E_SHAPE', 'scatterElements', [count([3]), i32([1], 0), count([2])], attrs);
  refuses('E_SHAPE', 'scatterElements', [count([3]), count([1]), count([1])], attrs);
  refuses('E_SHAPE', 'scatterElements', [count([3]), i32([1], 0), count([1])], { axis: 0, reduction: 'sub' });
});
