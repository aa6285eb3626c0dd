import { expect, test } from 'vitest';
import { close, count, first, floats, formsOf, last, planOf, refuses, run, tf, toTf } from './run.ts';

const to = (h: number, w: number, from: number[]) => ({
  shape: [from[0], from[1], h, w],
  scales: [1, 1, h / from[2], w / from[3]],
});

test.each([
  [false, false, 'asymmetric', 'floor'],
  [false, true, 'halfPixelFloor', 'floor'],
  [true, false, 'alignCorners', 'preferCeil'],
] as const)(
  'resizeNearestNeighbor of tfjs: align %s, half pixels %s',
  (align, half, coordinates, rounding) => {
    const x = floats([1, 2, 5, 7]);
    for (const [h, w] of [
      [10, 14],
      [3, 4],
      [7, 9],
    ]) {
      const want = tf.image.resizeNearestNeighbor(last(toTf(x)) as never, [h, w], align, half);
      close(run('resizeNearest', [x], { ...to(h, w, [1, 2, 5, 7]), coordinates, rounding }), first(want));
    }
  },
);

test('halves: which neighbour', () => {
  const at = (rounding: string) => [
    ...run('resizeNearest', [count([4])], { shape: [2], scales: [0.5], coordinates: 'halfPixel', rounding })
      .data,
  ];
  expect(at('preferFloor')).toEqual([0, 2]);
  expect(at('preferCeil')).toEqual([1, 3]);
  expect(at('floor')).toEqual([0, 2]);
  expect(at('ceil')).toEqual([1, 3]);
});

test('whole factors are an alias', () => {
  const attrs = { ...to(4, 9, [1, 1, 2, 3]), coordinates: 'asymmetric', rounding: 'floor' };
  expect(formsOf(planOf([[1, 1, 2, 3]], (b, [x]) => b.one('resizeNearest', [x], attrs)))).toEqual([]);
});

test('what is refused', () => {
  const x = count([1, 4]);
  const attrs = { shape: [1, 8], scales: [1, 2], coordinates: 'halfPixel', rounding: 'floor' };
  refuses('E_SHAPE', 'resizeNearest', [x], { ...attrs, scales: [1] });
  refuses('E_SHAPE', 'resizeNearest', [x], { ...attrs, scales: [1, 0] });
  refuses('E_SHAPE', 'resizeNearest', [x], { ...attrs, rounding: 'up' });
  refuses('E_SHAPE', 'resizeNearest', [x], { ...attrs, coordinates: 'tfCrop' });
});
