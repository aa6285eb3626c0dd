import { expect, test } from 'vitest';
import { close, count, formsOf, planOf, refuses, run, tf, toTf } from './run.ts';

test('tile of tfjs, as an alias', () => {
  const x = count([2, 3]);
  close(run('tile', [x], { repeats: [3, 2] }), tf.tile(toTf(x), [3, 2]));
  expect(formsOf(planOf([[2, 3]], (b, [v]) => b.one('tile', [v], { repeats: [3, 2] })))).toEqual([]);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'tile', [count([2, 3])], { repeats: [2] });
  refuses('E_SHAPE', 'tile', [count([2, 3])], { repeats: [2, -1] });
});
