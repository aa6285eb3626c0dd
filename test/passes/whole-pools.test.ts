import { expect, test } from 'vitest';
import { simplify } from '../../compiler/passes/index.ts';
import { expectSame, kinds, Sketch } from './graphs.ts';

const none = { strides: [1, 1], dilations: [1, 1], ceil: false };
const unpadded = [
  [0, 0],
  [0, 0],
];
const pool = (kind: string, more: object) => {
  const s = new Sketch();
  const counting = kind === 'averagePool' && { countIncludePad: false };
  return s.done(
    s.op(kind, [s.input([2, 3, 5, 4])], { kernel: [5, 4], pads: unpadded, ...none, ...counting, ...more }),
  );
};

test.each([
  ['averagePool', 'reduceMean'],
  ['maxPool', 'reduceMax'],
])('%s over all of the input is %s', (kind, reduction) => {
  for (const strides of [
    [1, 1],
    [5, 4],
  ]) {
    const before = pool(kind, { strides });
    const after = simplify(before);
    expect(kinds(after)).toBe(reduction);
    expectSame(before, after);
  }
});

test.each<[why: string, more: object]>([
  ['smaller', { kernel: [5, 3] }],
  [
    'padded',
    {
      pads: [
        [1, 1],
        [0, 0],
      ],
    },
  ],
  ['dilated', { kernel: [3, 4], dilations: [2, 1] }],
])('%s windows stay', (_, more) => {
  for (const kind of ['averagePool', 'maxPool']) expect(kinds(simplify(pool(kind, more)))).toBe(kind);
});
