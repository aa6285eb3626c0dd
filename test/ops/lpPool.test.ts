import { expect, test } from 'vitest';
import { f32, refuses, run } from './run.ts';

const attrs = { kernel: [2], strides: [2], dilations: [1], pads: [[0, 0]], ceil: false };

test('norms worked out by hand', () => {
  const x = f32([1, 1, 4], 3, -4, -5, 12);
  expect([...run('lpPool', [x], { ...attrs, p: 1 }).data]).toEqual([7, 17]);
  expect([...run('lpPool', [x], { ...attrs, p: 2 }).data]).toEqual([5, 13]);
  expect(run('lpPool', [x], { ...attrs, p: 3 }).data[0]).toBeCloseTo(91 ** (1 / 3), 5);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'lpPool', [f32([1, 1, 2], 1, 2)], { ...attrs, p: 0 });
  refuses('E_SHAPE', 'lpPool', [f32([1, 1, 1], 1)], { ...attrs, p: 2 });
});
