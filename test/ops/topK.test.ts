import { expect, test } from 'vitest';
import { close, count, evaluate, floats, i32, refuses, tf, toTf } from './run.ts';

test('topk of tfjs', () => {
  const x = floats([3, 9]);
  const [values, places] = evaluate('topK', [x], { k: 4, axis: -1, largest: true });
  const want = tf.topk(toTf(x), 4);
  close(values, want.values);
  close(places, want.indices);
});

test('the smallest along another axis; of equal ones the first', () => {
  const [values, places] = evaluate('topK', [i32([3, 2], 2, 1, 1, 1, 1, 5)], {
    k: 2,
    axis: 0,
    largest: false,
  });
  expect([...values.data]).toEqual([1, 1, 1, 1]);
  expect([...places.data]).toEqual([1, 0, 2, 1]);
});

test('what is refused', () => {
  refuses('E_SHAPE', 'topK', [count([3])], { k: 4, axis: 0, largest: true });
  refuses('E_SHAPE', 'topK', [count([3])], { k: 1, axis: 1, largest: true });
  refuses('E_SHAPE', 'topK', [count([3], 'int8')], { k: 1, axis: 0, largest: true });
});
