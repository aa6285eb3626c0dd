import { expect, test } from 'vitest';
import { close, count, first, floats, infer, last, refuses, run, tf, toTf } from './run.ts';

const attrs = {
  kernel: [3, 3],
  strides: [2, 2],
  dilations: [1, 1],
  pads: [
    [0, 0],
    [0, 0],
  ],
  ceil: false,
};

test.each([
  [
    'valid',
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    'same',
    [
      [0, 1],
      [1, 1],
    ],
  ],
] as const)('maxPool of tfjs: %s', (word, pads) => {
  const x = floats([2, 3, 8, 7]);
  close(run('maxPool', [x], { ...attrs, pads }), first(tf.maxPool(last(toTf(x)) as never, 3, 2, word)));
});

test('padding never wins', () => {
  const x = { ...floats([1, 1, 3]), data: Float32Array.of(-5, -6, -7) };
  const y = run('maxPool', [x], { kernel: [3], strides: [1], dilations: [1], pads: [[2, 2]], ceil: false });
  expect([...y.data]).toEqual([-5, -5, -5, -6, -7]);
});

test('ceil mode adds a window, but none that starts in the padding', () => {
  const line = { dilations: [1], ceil: true };
  const x = count([1, 1, 5]);
  expect([...run('maxPool', [x], { ...line, kernel: [2], strides: [2], pads: [[0, 0]] }).data]).toEqual([
    1, 3, 4,
  ]);
  expect([...run('maxPool', [x], { ...line, kernel: [2], strides: [3], pads: [[0, 1]] }).data]).toEqual([
    1, 4,
  ]);
});

test('zeros of a pad before the pool are elements, not padding', async () => {
  const { planOf, formsOf } = await import('./run.ts');
  const plan = planOf([[1, 1, 4, 4]], (b, [x]) => {
    const padded = b.one('pad', [x], {
      pads: [
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ],
      mode: 'constant',
      value: 0,
    });
    return b.one('maxPool', [padded], attrs);
  });
  expect(formsOf(plan)).toEqual(['move', 'window']);
});

test('what is refused', () => {
  const x = floats([1, 2, 5, 5]);
  expect(infer('maxPool', [x], attrs)[0].shape).toEqual([1, 2, 2, 2]);
  refuses('E_SHAPE', 'maxPool', [x], { ...attrs, kernel: [6, 6] });
  refuses('E_SHAPE', 'maxPool', [x], {
    ...attrs,
    pads: [
      [3, 0],
      [0, 0],
    ],
  });
  refuses('E_SHAPE', 'maxPool', [x], {
    ...attrs,
    pads: [
      [-1, 0],
      [0, 0],
    ],
  });
  refuses('E_SHAPE', 'maxPool', [x], { ...attrs, strides: [2] });
  refuses('E_SHAPE', 'maxPool', [{ ...x, dtype: 'int32' }], attrs);
});
