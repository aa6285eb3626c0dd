import { test } from 'vitest';
import { close, count, floats, refuses, run, tf, toTf } from './run.ts';

test.each([
  [0, false, false],
  [1, true, false],
  [2, false, true],
  [-1, true, true],
])('axis %i, exclusive %s, reverse %s', (axis, exclusive, reverse) => {
  const x = floats([3, 4, 5]);
  const at = axis < 0 ? axis + 3 : axis;
  close(run('cumSum', [x], { axis, exclusive, reverse }), tf.cumsum(toTf(x), at, exclusive, reverse));
});

test('what is refused', () => {
  refuses('E_SHAPE', 'cumSum', [count([2, 2])], { axis: 2, exclusive: false, reverse: false });
});
