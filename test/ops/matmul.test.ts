import { expect, test } from 'vitest';
import { close, count, floats, formsOf, infer, planOf, refuses, run, tf, toTf } from './run.ts';

test('matMul of tfjs', () => {
  const [a, b] = [floats([2, 3, 4, 5]), floats([2, 3, 5, 6], 2)];
  close(run('matmul', [a, b]), tf.matMul(toTf(a) as never, toTf(b) as never));
});

test('leading dimensions broadcast', () => {
  const [a, b] = [floats([2, 1, 4, 5]), floats([3, 5, 2], 2)];
  const full = (x: typeof a, k: number[]) => tf.broadcastTo(toTf(x), [2, 3, ...k]) as never;
  close(run('matmul', [a, b]), tf.matMul(full(a, [4, 5]), full(b, [5, 2])));
});

test('attention heads multiply in place: no copy of split, transposed operands', () => {
  const heads = { shape: [1, 6, 2, 4] };
  const plan = planOf(
    [
      [1, 6, 8],
      [1, 6, 8],
    ],
    (b, [q, k]) => {
      const split = (x: number, perm: number[]) =>
        b.one('transpose', [b.one('reshape', [x], heads)], { perm });
      return b.one('matmul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
    },
  );
  expect(formsOf(plan)).toEqual(['call']);
});

test('what is refused', () => {
  expect(infer('matmul', [count([3, 2]), count([4, 2, 5])])[0].shape).toEqual([4, 3, 5]);
  refuses('E_SHAPE', 'matmul', [count([3, 2]), count([3, 2])]);
  refuses('E_SHAPE', 'matmul', [count([3]), count([3, 2])]);
  refuses('E_SHAPE', 'matmul', [count([2, 3, 2]), count([3, 2, 3])]);
  refuses('E_SHAPE', 'matmul', [count([3, 2], 'int32'), count([2, 3], 'int32')]);
});
