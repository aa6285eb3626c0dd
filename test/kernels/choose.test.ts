import { expect, test } from 'vitest';
import { chooseLinear } from '../../compiler/kernels.ts';
import type { Matrix } from '../../compiler/sparse/format.ts';
import { randomMatrix } from '../sparse/random.ts';

const image = { pixels: 196, yRow: 784, build: 'simd', objective: 'speed' } as const;
const vector = { pixels: 1, yRow: 4, build: 'simd', objective: 'speed' } as const;
const planes = (cols: number) => Int32Array.from({ length: cols }, (_, k) => 784 * k);
const floats = (cols: number) => Int32Array.from({ length: cols }, (_, k) => 4 * k);

function blocks(rows: number, cols: number, height: number, width: number, density: number): Matrix {
  const pattern = randomMatrix(Math.ceil(rows / height), Math.ceil(cols / width), density, 3);
  const w = randomMatrix(rows, cols, 1, 4);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < cols; k++) {
      const kept = pattern.data[Math.floor(r / height) * pattern.cols + Math.floor(k / width)];
      if (kept === 0) w.data[r * cols + k] = 0;
    }
  }
  return w;
}

test('full matrices stay dense', () => {
  const w = randomMatrix(128, 128, 1, 1);
  for (const objective of ['speed', 'size'] as const) {
    expect(chooseLinear(w, planes(128), { ...image, objective }).format).toBe('dense');
    expect(chooseLinear(w, floats(128), { ...vector, objective }).format).toBe('dense');
  }
});

test('scattered zeros: csr for images, sell4 for vectors', () => {
  const w = randomMatrix(128, 128, 0.1, 1);
  expect(chooseLinear(w, planes(128), image).kernel.name).toBe('f32_linear_csr_1x48');
  expect(chooseLinear(w, floats(128), vector).kernel.name).toBe('f32_linear_sell4_4x1');
});

test('size: csr16 for scattered zeros of images', () => {
  const choice = chooseLinear(randomMatrix(128, 128, 0.1, 1), planes(128), { ...image, objective: 'size' });
  expect(choice.kernel.name).toBe('f32_linear_csr16_1x48');
  expect(choice.bytes).toBeLessThan(0.77 * choice.candidates.find(({ format }) => format === 'csr')!.bytes);
});

test('after a ReLU: by column, where sums may grow in the output', () => {
  const full = randomMatrix(128, 128, 1, 1);
  const relu = { ...vector, zeros: 0.5, scratch: true };
  expect(chooseLinear(full, floats(128), relu).kernel.name).toBe('f32_linear_columns_4x1');
  expect(chooseLinear(full, floats(128), { ...relu, scratch: false }).format).toBe('dense');
  expect(chooseLinear(full, floats(128), { ...relu, zeros: 0 }).format).toBe('dense');
  expect(chooseLinear(full, planes(128), { ...image, zeros: 0.5, scratch: true }).format).toBe('dense');
  expect(chooseLinear(randomMatrix(128, 128, 0.1, 1), floats(128), relu).format).toBe('sell4');
});

test('columns too far apart for u16 indices rule sell4 and csr16 out', () => {
  const offsets = Int32Array.from({ length: 128 }, (_, k) => 4096 * k);
  const { candidates } = chooseLinear(randomMatrix(128, 128, 0.1, 1), offsets, vector);
  expect(candidates.map(({ format }) => format)).toEqual(['dense', 'csr', 'bsr4x1', 'bsr2x1']);
});

test('blocks of zeros: the format of the block', () => {
  expect(chooseLinear(blocks(128, 128, 4, 1, 0.2), planes(128), image).format).toBe('bsr4x1');
  expect(chooseLinear(blocks(128, 128, 4, 1, 0.2), floats(128), vector).format).toBe('bsr4x1');
  expect(chooseLinear(blocks(128, 128, 1, 4, 0.2), floats(128), vector).format).toBe('bsr1x4');
});

test('rows that are not 4 bytes apart rule vector kernels of blocks out, that of all weights not', () => {
  const { candidates } = chooseLinear(blocks(64, 64, 4, 1, 0.2), floats(64), { ...vector, yRow: 16 });
  const names = candidates.map(({ kernel }) => kernel.name);
  expect(names).toContain('f32_linear_bsr4x1_4x8');
  expect(names).not.toContain('f32_linear_bsr4x1_4x1');
  expect(names).toContain('f32_linear_dense_8x1');
});

test('what is chosen is neither slower nor larger than dense, for speed hardly larger', () => {
  for (const density of [0, 0.05, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]) {
    for (const build of ['scalar', 'simd'] as const) {
      for (const objective of ['speed', 'size'] as const) {
        for (const [rows, cols, pixels] of [
          [1, 3, 1],
          [10, 84, 1],
          [64, 32, 12544],
          [33, 17, 49],
          [5, 400, 5],
        ]) {
          const w = randomMatrix(rows, cols, density, rows + cols);
          const choice = chooseLinear(w, floats(cols), { pixels, yRow: 4 * pixels, build, objective });
          const dense = choice.candidates[0];
          expect(dense.format).toBe('dense');
          expect(choice.predictedNs).toBeLessThanOrEqual(dense.predictedNs);
          expect(choice.bytes).toBeLessThanOrEqual((objective === 'size' ? 1 : 1.03) * dense.bytes);
          expect(choice.reason).not.toBe('');
        }
      }
    }
  }
});

test('half of the weights: 16-bit steps where they fit, else an offset each, though they take a little more than dense', () => {
  const w = randomMatrix(64, 32, 1, 1);
  for (let r = 0; r < 64; r++) for (let k = r % 2; k < 32; k += 2) w.data[32 * r + k] = 0;
  const near = chooseLinear(w, planes(32), image);
  expect(near.format).toBe('csr16');
  expect(near.bytes).toBeLessThan(near.candidates[0].bytes);
  const apart = Int32Array.from({ length: 32 }, (_, k) => 4 * 40_000 * k);
  const far = chooseLinear(w, apart, image);
  expect(far.format).toBe('csr');
  expect(far.bytes).toBeGreaterThan(far.candidates[0].bytes);
  expect(chooseLinear(w, apart, { ...image, objective: 'size' }).format).toBe('dense');
});
