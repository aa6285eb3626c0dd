import { test } from 'vitest';
import { close, count, f32, refuses, run } from './run.ts';

const base = { coordinates: 'halfPixel', coefficient: -0.75, antialias: false, excludeOutside: false };
const square = f32([4, 4], ...Array.from({ length: 16 }, (_, i) => i + 1));

test('examples of the ONNX specification', () => {
  const up = run('resizeCubic', [square], { ...base, shape: [8, 8], scales: [2, 2] });
  const row = [0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375];
  close(f32([8], ...up.data.subarray(0, 8)), f32([8], ...row));
  const down = run('resizeCubic', [square], { ...base, shape: [2, 2], scales: [0.6, 0.6], antialias: true });
  close(down, f32([2, 2], 2.5180721, 4.2858863, 9.589329, 11.357142));
});

test('a straight line stays straight inside, whatever the coefficient is', () => {
  const attrs = { ...base, coefficient: -0.5, excludeOutside: true, shape: [24], scales: [2] };
  const y = run('resizeCubic', [count([12])], attrs);
  close(
    f32([16], ...y.data.subarray(4, 20)),
    f32([16], ...Array.from({ length: 16 }, (_, i) => (i + 4.5) / 2 - 0.5)),
  );
});

test('what is refused', () => {
  refuses('E_SHAPE', 'resizeCubic', [count([4], 'int32')], { ...base, shape: [8], scales: [2] });
  refuses('E_SHAPE', 'resizeCubic', [count([4])], { ...base, shape: [8], scales: [] });
});
