import { expect, test } from 'vitest';
import { close, count, f32, first, floats, formsOf, last, planOf, refuses, run, tf, toTf } from './run.ts';

test.each([
  [false, false, 'asymmetric'],
  [false, true, 'halfPixel'],
  [true, false, 'alignCorners'],
] as const)('resizeBilinear of tfjs: align %s, half pixels %s', (align, half, coordinates) => {
  const x = floats([1, 2, 5, 7]);
  for (const [h, w] of [
    [10, 14],
    [3, 4],
    [7, 9],
  ]) {
    const attrs = { shape: [1, 2, h, w], scales: [1, 1, h / 5, w / 7], coordinates, antialias: false };
    const want = tf.image.resizeBilinear(last(toTf(x)) as never, [h, w], align, half);
    close(run('resizeLinear', [x], attrs), first(want));
  }
});

test('examples of the ONNX specification', () => {
  const square = f32([4, 4], ...Array.from({ length: 16 }, (_, i) => i + 1));
  const down = { shape: [2, 2], scales: [0.6, 0.6], coordinates: 'halfPixel', antialias: true };
  close(run('resizeLinear', [square], down), f32([2, 2], 2.875, 4.5, 9.375, 11));
  const line = { shape: [2], scales: [0.6], coordinates: 'halfPixelSymmetric', antialias: false };
  close(run('resizeLinear', [f32([4], 1, 2, 3, 4)], line), f32([2], 1.6666667, 3.3333333));
});

test('one sparse product per axis', () => {
  const attrs = { shape: [1, 2, 8, 6], scales: [1, 1, 2, 2], coordinates: 'halfPixel', antialias: false };
  const plan = planOf([[1, 2, 4, 3]], (b, [x]) => b.one('resizeLinear', [x], attrs));
  expect(formsOf(plan)).toEqual(['linear', 'linear']);
});

test('what is refused', () => {
  const attrs = { shape: [8], scales: [2], coordinates: 'halfPixel', antialias: false };
  refuses('E_SHAPE', 'resizeLinear', [count([4], 'int32')], attrs);
  refuses('E_SHAPE', 'resizeLinear', [count([2, 2])], attrs);
});
