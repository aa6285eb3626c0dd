import { test } from 'vitest';
import { close, floats, refuses, run, tf, toTf } from './run.ts';

test('tfjs agrees', () => {
  const x = floats([3, 7]);
  close(run('logSoftmax', [x], { axis: -1 }), tf.logSoftmax(toTf(x)));
});

test('what is refused', () => {
  refuses('E_SHAPE', 'logSoftmax', [floats([2, 2])], { axis: -3 });
});
