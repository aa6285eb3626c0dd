import { expect, test } from 'vitest';
import { close, count, first, floats, last, refuses, run, tf, toTf } from './run.ts';

const attrs = {
  kernel: [3, 3],
  strides: [2, 2],
  dilations: [1, 1],
  pads: [
    [0, 1],
    [1, 1],
  ],
  ceil: false,
};

test('avgPool of tfjs leaves padding out', () => {
  const x = floats([2, 3, 8, 7]);
  const want = tf.avgPool(last(toTf(x)) as never, 3, 2, 'same');
  close(run('averagePool', [x], { ...attrs, countIncludePad: false }), first(want));
});

test('padding counts where it is asked for, what lies beyond it never does', () => {
  const line = { kernel: [3], strides: [2], dilations: [1], pads: [[1, 0]], ceil: true };
  const x = count([1, 1, 5]);
  // Windows: pad 0 1 | 1 2 3 | 3 4 and one beyond.
  const y = (countIncludePad: boolean) => [...run('averagePool', [x], { ...line, countIncludePad }).data];
  expect(y(true)).toEqual([Math.fround(1 / 3), 2, 3.5]);
  expect(y(false)).toEqual([0.5, 2, 3.5]);
});

test('what is refused', () => {
  const x = floats([1, 2, 5, 5]);
  refuses('E_SHAPE', 'averagePool', [x], { ...attrs, kernel: [9, 9] });
  refuses('E_SHAPE', 'averagePool', [x], {
    ...attrs,
    pads: [
      [0, 3],
      [0, 0],
    ],
  });
});
