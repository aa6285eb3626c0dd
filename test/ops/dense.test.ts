import { test } from 'vitest';
import { close, floats, refuses, run, tf, toTf } from './run.ts';

test('matMul of tfjs over the last axis', () => {
  const [x, w, b] = [floats([2, 3, 5]), floats([4, 5], 2), floats([4], 3)];
  const flat = tf.matMul(tf.reshape(toTf(x), [6, 5]), toTf(w) as never, false, true);
  close(run('dense', [x, w, b]), tf.reshape(tf.add(flat, toTf(b)), [2, 3, 4]));
});

test('what is refused', () => {
  const [x, w] = [floats([2, 5]), floats([4, 5])];
  refuses('E_SHAPE', 'dense', [x, floats([4, 6])]);
  refuses('E_SHAPE', 'dense', [x, floats([4, 5, 1])]);
  refuses('E_SHAPE', 'dense', [x, w, floats([5])]);
  refuses('E_UNSUPPORTED', 'dense', [x, w], {}, [1]);
  refuses('E_SHAPE', 'dense', [{ ...x, dtype: 'int32' }, w]);
});
