import { scalarRow, tile4x1, tile4x8, tile8x1 } from './blocks';

/** Bytes of weights that are better read once, with the pixels as inner loop, than once for every tile of pixels. */
const LARGE: i32 = 1 << 19;

/** `linear` with all weights, in panels of four rows. */
export function f32_linear_dense_4x8<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  const end = offsets + (<usize>cols << 2);
  if (ASC_FEATURE_SIMD) {
    const panels = (rows + 3) >> 2;
    const tiles = (pixels + 7) >> 3;
    const panelsOuter = (rows * cols) << 2 > LARGE;
    const outer = panelsOuter ? panels : tiles;
    const inner = panelsOuter ? tiles : panels;
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) {
        const row = (panelsOuter ? i : j) << 2;
        const pixel = (panelsOuter ? j : i) << 3;
        tile4x8<E>(
          x + (<usize>pixel << 2), y + <usize>row * yRow + (<usize>pixel << 2), bias + (<usize>row << 2),
          offsets, end, weights + ((<usize>row * cols) << 2), row, rows - row, pixels - pixel, yRow, e0, e1,
        );
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

/** One pixel; output rows 4 bytes apart. */
export function f32_linear_dense_8x1<E>(x: usize, y: usize, bias: usize, offsets: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    const end = offsets + (<usize>cols << 2);
    const panel = <usize>cols << 4;
    let row = 0;
    for (; row + 4 < rows; row += 8) {
      tile8x1<E>(x, y, bias, offsets, end, weights, weights + panel, row, rows - row, e0, e1);
      weights += panel << 1;
      bias += 32;
      y += 32;
    }
    if (row < rows) tile4x1<E>(x, y, bias, offsets, end, weights, row, rows - row, e0, e1);
  } else f32_linear_dense_4x8<E>(x, y, bias, offsets, weights, rows, cols, 1, 4, e0, e1);
}
