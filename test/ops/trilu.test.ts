import { test } from 'vitest';
import { close, count, floats, refuses, run, tf, toTf } from './run.ts';

test('bandPart of tfjs', () => {
  const x = floats([2, 4, 5]);
  close(run('trilu', [x], { upper: true, k: 0 }), tf.linalg.bandPart(toTf(x), 0, -1));
  close(run('trilu', [x], { upper: false, k: 2 }), tf.linalg.bandPart(toTf(x), -1, 2));
});

test('above the diagonal', () => {
  const x = floats([4, 4]);
  const rest = tf.sub(toTf(x), tf.linalg.bandPart(toTf(x), -1, 0));
  close(run('trilu', [x], { upper: true, k: 1 }), rest);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'trilu', [count([4])], { upper: true, k: 0 });
  refuses('E_SHAPE', 'trilu', [count([2, 2])], { upper: true, k: 0.5 });
});
