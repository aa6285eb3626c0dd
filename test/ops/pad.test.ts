import { expect, test } from 'vitest';
import { pairs } from '../../compiler/ops/pad.ts';
import { close, count, f32, formsOf, planOf, refuses, run, tf, toTf } from './run.ts';

const pads = [
  [2, 1],
  [0, 3],
];

test('pad and mirrorPad of tfjs', () => {
  const x = count([3, 4]);
  close(run('pad', [x], { pads, mode: 'constant', value: 9 }), tf.pad(toTf(x), pads as never, 9));
  for (const mode of ['reflect', 'symmetric'] as const) {
    close(run('pad', [x], { pads, mode, value: 0 }), tf.mirrorPad(toTf(x), pads as never, mode));
  }
});

test('edge and wrap', () => {
  const x = f32([3], 1, 2, 3);
  expect([...run('pad', [x], { pads: [[2, 1]], mode: 'edge', value: 0 }).data]).toEqual([1, 1, 1, 2, 3, 3]);
  expect([...run('pad', [x], { pads: [[4, 2]], mode: 'wrap', value: 0 }).data]).toEqual([
    3, 1, 2, 3, 1, 2, 3, 1, 2,
  ]);
});

test('zeros are an alias, other values a copy', () => {
  const plan = (value: number) =>
    planOf([[2, 3]], (b, [x]) => b.one('pad', [x], { pads, mode: 'constant', value }));
  expect(formsOf(plan(0))).toEqual([]);
  expect(formsOf(plan(1))).toEqual(['move']);
});

test('what is refused', () => {
  const x = count([3, 4]);
  refuses('E_SHAPE', 'pad', [x], { pads: [[1, 1]], mode: 'constant', value: 0 });
  refuses('E_SHAPE', 'pad', [x], {
    pads: [
      [-4, 1],
      [0, 0],
    ],
    mode: 'constant',
    value: 0,
  });
  refuses('E_SHAPE', 'pad', [x], {
    pads: [
      [3, 0],
      [0, 0],
    ],
    mode: 'reflect',
    value: 0,
  });
  refuses('E_SHAPE', 'pad', [x], {
    pads: [
      [4, 0],
      [0, 0],
    ],
    mode: 'symmetric',
    value: 0,
  });
  refuses('E_SHAPE', 'pad', [count([0, 4])], {
    pads: [
      [1, 0],
      [0, 0],
    ],
    mode: 'edge',
    value: 0,
  });
});

test.each([
  [
    2,
    2,
    [
      [2, 2],
      [2, 2],
    ],
  ],
  [
    [1, 2],
    2,
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [[1, 2], 1, [[1, 2]]],
  [
    [
      [1, 2],
      [3, 4],
    ],
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [[1, 2, 3], 2, undefined],
  [-1, 2, undefined],
  [[[1, 2], [3]], 2, undefined],
  ['same', 1, undefined],
])('Keras padding %j of rank %i', (given, rank, want) => {
  expect(pairs(given, rank)).toEqual(want);
});
