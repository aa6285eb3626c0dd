import { expect, test } from 'vitest';
import { close, count, formsOf, planOf, refuses, run, tf, toTf } from './run.ts';

test('transpose of tfjs, as an alias', () => {
  const x = count([2, 3, 4]);
  close(run('transpose', [x], { perm: [2, 0, 1] }), tf.transpose(toTf(x), [2, 0, 1]));
  expect(formsOf(planOf([[2, 3, 4]], (b, [v]) => b.one('transpose', [v], { perm: [2, 0, 1] })))).toEqual([]);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'transpose', [count([2, 3])], { perm: [0] });
  refuses('E_SHAPE', 'transpose', [count([2, 3])], { perm: [0, 0] });
  refuses('E_SHAPE', 'transpose', [count([2, 3])], { perm: [1, 2] });
});
