import { expect, test } from 'vitest';
import { close, count, formsOf, planOf, refuses, run, tf, toTf } from './run.ts';

test('broadcastTo of tfjs, as an alias', () => {
  const x = count([3, 1]);
  close(run('broadcastTo', [x], { shape: [2, 3, 4] }), tf.broadcastTo(toTf(x), [2, 3, 4]));
  expect(formsOf(planOf([[3, 1]], (b, [v]) => b.one('broadcastTo', [v], { shape: [2, 3, 4] })))).toEqual([]);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'broadcastTo', [count([3, 2])], { shape: [3, 4] });
  refuses('E_SHAPE', 'broadcastTo', [count([3, 2])], { shape: [2] });
});
