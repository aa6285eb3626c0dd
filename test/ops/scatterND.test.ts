import { expect, test } from 'vitest';
import { close, count, f32, floats, i32, refuses, run, tf, toTf } from './run.ts';

test('scatterND and tensorScatterUpdate of tfjs', () => {
  const [x, at, updates] = [floats([4, 3]), i32([3, 1], 2, 0, 2), floats([3, 3], 2)];
  const zeros = f32([4, 3], ...new Array(12).fill(0));
  close(
    run('scatterND', [zeros, at, updates], { reduction: 'add' }),
    tf.scatterND(toTf(at), toTf(updates), [4, 3]),
  );
  const once = i32([2, 1], 3, 1);
  const two = floats([2, 3], 3);
  close(
    run('scatterND', [x, once, two], { reduction: 'none' }),
    tf.tensorScatterUpdate(toTf(x), toTf(once), toTf(two)),
  );
});

test('tuples outside write nothing', () => {
  const y = run('scatterND', [count([2, 2]), i32([2, 2], 0, 2, -3, 0), f32([2], 9, 9)], {
    reduction: 'none',
  });
  expect([...y.data]).toEqual([0, 1, 2, 3]);
});

test('what is refused', () => {
  const attrs = { reduction: 'none' };
  refuses('E_SHAPE', 'scatterND', [count([3]), i32([1, 2], 0, 0), count([1])], attrs);
  refuses('E_SHAPE', 'scatterND', [count([3, 2]), i32([1, 1], 0), count([1])], attrs);
  refuses('E_SHAPE', 'scatterND', [count([3]), count([1, 1]), count([1])], attrs);
});
