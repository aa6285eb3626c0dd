import { expect, test } from 'vitest';
import { close, count, floats, formsOf, infer, planOf, refuses, run, tf, toTf } from './run.ts';

test('concat of tfjs', () => {
  const xs = [floats([2, 3, 2]), floats([2, 1, 2], 2), floats([2, 4, 2], 3)];
  close(run('concat', xs, { axis: -2 }), tf.concat(xs.map(toTf), 1));
});

test('one copy per part', () => {
  const plan = planOf(
    [
      [1, 2],
      [1, 3],
    ],
    (b, xs) => b.one('concat', xs, { axis: 1 }),
  );
  expect(formsOf(plan)).toEqual(['move', 'move']);
});

test('what is refused', () => {
  expect(infer('concat', [count([2, 3]), count([2, 0])], { axis: 1 })[0].shape).toEqual([2, 3]);
  refuses('E_SHAPE', 'concat', [count([2, 3]), count([3, 3])], { axis: 1 });
  refuses('E_SHAPE', 'concat', [count([2, 3]), count([2])], { axis: 0 });
  refuses('E_SHAPE', 'concat', [count([2, 3]), count([2, 3], 'int32')], { axis: 0 });
  refuses('E_SHAPE', 'concat', [count([2, 3])], { axis: 2 });
});
