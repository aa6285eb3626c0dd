import { scalarRow, tile4x8, tile8x1, tile8xN } from './blocks';

/** `linear` with all weights, in panels of four rows, each of which walks over the tiles of a swath of pixels before the next does. */
export function f32_linear_dense_4x8<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  const end = offsets + (<usize>cols << 2);
  if (ASC_FEATURE_SIMD) {
    const panel = <usize>cols << 4;
    for (; pixels > 0; pixels -= swath, x += <usize>swath << 2, y += <usize>swath << 2) {
      let w = weights, b = bias, to = y;
      for (let row = 0; row < rows; row += 4) {
        for (let pixel = 0; pixel < min<i32>(pixels, swath); pixel += 8) {
          const at = <usize>pixel << 2;
          tile4x8<E>(x + at, to + at, b, offsets, end, w, row, rows - row, pixels - pixel, yRow, e0, e1);
        }
        w += panel;
        b += 16;
        to += yRow << 2;
      }
    }
  } else {
    for (let row = 0; row < rows; row++) {
      const panel = weights + ((<usize>(row & ~3) * cols) << 2) + ((row & 3) << 2);
      scalarRow<E>(x, y, bias, offsets, end, panel, 16, row, pixels, e0, e1);
      bias += 4;
      y += yRow;
    }
  }
}

/** One pixel. */
export function f32_linear_dense_8x1<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(1, x, y, bias, offsets, weights, rows, cols, yRow, e0, e1);
}

/** Two pixels. */
export function f32_linear_dense_8x2<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(2, x, y, bias, offsets, weights, rows, cols, yRow, e0, e1);
}

/** Three pixels. */
export function f32_linear_dense_8x3<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(3, x, y, bias, offsets, weights, rows, cols, yRow, e0, e1);
}

/** Four pixels. */
export function f32_linear_dense_8x4<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(4, x, y, bias, offsets, weights, rows, cols, yRow, e0, e1);
}

/** Two panels of rows at a time; where the second doesn't exist, the first in its stead. */
// @ts-ignore: decorator
@inline
function fewPixels<E>(n: i32, x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    const end = offsets + (<usize>cols << 2);
    const panel = <usize>cols << 4;
    for (let row = 0; row < rows; row += 8, weights += panel << 1, bias += 32, y += yRow << 3) {
      const lower = row + 4 < rows ? weights + panel : weights;
      if (n == 1) tile8x1<E>(x, y, bias, offsets, end, weights, lower, row, rows - row, yRow, e0, e1);
      else tile8xN<E>(n, x, y, bias, offsets, end, weights, lower, row, rows - row, yRow, e0, e1);
    }
  } else f32_linear_dense_4x8<E>(x, y, bias, offsets, weights, rows, cols, n, n, yRow, e0, e1);
}
