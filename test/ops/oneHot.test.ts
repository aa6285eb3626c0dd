import { expect, test } from 'vitest';
import { close, count, i32, refuses, run, tf, toTf } from './run.ts';

const attrs = { depth: 4, axis: -1, on: 2, off: -1, dtype: 'float32', wrap: false };

test('oneHot of tfjs', () => {
  const x = i32([2, 3], 0, 3, 1, -1, 4, 2);
  close(run('oneHot', [x], attrs), tf.oneHot(toTf(x), 4, 2, -1));
});

test('wrapping indices; the new axis anywhere', () => {
  const y = run('oneHot', [i32([2], -1, -5)], { ...attrs, axis: 0, wrap: true });
  expect([...y.shape]).toEqual([4, 2]);
  expect([...y.data]).toEqual([-1, -1, -1, -1, -1, -1, 2, -1]);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'oneHot', [count([2])], attrs);
  refuses('E_SHAPE', 'oneHot', [i32([1], 0)], { ...attrs, depth: 0 });
  refuses('E_SHAPE', 'oneHot', [i32([1], 0)], { ...attrs, axis: 2 });
});
