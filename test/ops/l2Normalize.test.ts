import { test } from 'vitest';
import { close, f32, refuses, run, tf } from './run.ts';

test('a vector of length 1; of nothing, nothing', () => {
  const x = f32([2, 2], 3, 4, 0, 0);
  close(
    run('l2Normalize', [x], { axes: [-1], epsilon: 1e-12 }),
    tf.tensor2d([
      [0.6, 0.8],
      [0, 0],
    ]),
  );
});

test('what is refused', () => {
  refuses('E_SHAPE', 'l2Normalize', [f32([2], 1, 2)], { axes: [1], epsilon: 1e-12 });
});
