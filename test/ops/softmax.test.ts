import { test } from 'vitest';
import { close, f32, floats, refuses, run, tf, toTf } from './run.ts';

test('over the last and over a middle axis', () => {
  const x = floats([2, 5, 3]);
  close(run('softmax', [x], { axis: -1 }), tf.softmax(toTf(x)));
  const middle = tf.transpose(tf.softmax(tf.transpose(toTf(x), [0, 2, 1])), [0, 2, 1]);
  close(run('softmax', [x], { axis: 1 }), middle);
});

test('large values do not overflow', () => {
  close(run('softmax', [f32([1, 2], 1000, 1000)], { axis: 1 }), tf.tensor2d([[0.5, 0.5]]));
});

test('what is refused', () => {
  refuses('E_SHAPE', 'softmax', [floats([2, 2])], { axis: 2 });
});
