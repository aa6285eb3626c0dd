import { scalarRow, tile2x16, tile4x1, tile4x8 } from './blocks';
import { madd } from './simd';

/** `linear` over blocks of four rows in one column. A group of rows walks over the tiles of a swath before the next group does. */
export function f32_linear_bsr4x1_4x8<E>(x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (; pixels > 0; pixels -= swath, x += <usize>swath << 2, y += <usize>swath << 2) {
      let c = columns, w = weights, to = y, b = bias, n = counts;
      for (let row = 0; row < rows; row += 4) {
        const end = c + (<usize>load<u32>(n) << 2);
        for (let p = 0; p < min<i32>(pixels, swath); p += 8) {
          tile4x8<E>(x + (<usize>p << 2), to + (<usize>p << 2), b, c, end, w, row, rows - row, pixels - p, yRow, e0, e1);
        }
        w += (end - c) << 2;
        c = end;
        n += 4;
        b += 16;
        to += yRow << 2;
      }
    }
  } else scalarBlocks<E>(2, x, y, bias, counts, columns, weights, rows, pixels, yRow, e0, e1);
}

/** One pixel; output rows 4 bytes apart. */
export function f32_linear_bsr4x1_4x1<E>(x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let row = 0; row < rows; row += 4) {
      const end = columns + (<usize>load<u32>(counts) << 2);
      tile4x1<E>(x, y, bias, columns, end, weights, row, rows - row, e0, e1);
      weights += (end - columns) << 2;
      columns = end;
      counts += 4;
      bias += 16;
      y += 16;
    }
  } else scalarBlocks<E>(2, x, y, bias, counts, columns, weights, rows, 1, 4, e0, e1);
}

/** `linear` over blocks of two rows in one column. A pair of rows walks over the tiles of a swath before the next pair does. */
export function f32_linear_bsr2x1_2x16<E>(x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (; pixels > 0; pixels -= swath, x += <usize>swath << 2, y += <usize>swath << 2) {
      let c = columns, w = weights, to = y, b = bias, n = counts;
      for (let row = 0; row < rows; row += 2) {
        const end = c + (<usize>load<u32>(n) << 2);
        for (let p = 0; p < min<i32>(pixels, swath); p += 16) {
          tile2x16<E>(x + (<usize>p << 2), to + (<usize>p << 2), b, c, end, w, row, rows - row, pixels - p, yRow, e0, e1);
        }
        w += (end - c) << 1;
        c = end;
        n += 4;
        b += 8;
        to += yRow << 1;
      }
    }
  } else scalarBlocks<E>(1, x, y, bias, counts, columns, weights, rows, pixels, yRow, e0, e1);
}

/** One pixel, of blocks of two rows in one column. */
export function f32_linear_bsr2x1_2x1<E>(x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row += 2) {
    const end = columns + (<usize>load<u32>(counts) << 2);
    let a0 = load<f32>(bias), b0 = load<f32>(bias, 4);
    let a1: f32 = 0, b1: f32 = 0;
    for (; columns + 4 < end; columns += 8, weights += 16) {
      const pair = load<u64>(columns);
      const x0 = load<f32>(x + <u32>pair);
      const x1 = load<f32>(x + <u32>(pair >> 32));
      a0 += load<f32>(weights) * x0;
      b0 += load<f32>(weights, 4) * x0;
      a1 += load<f32>(weights, 8) * x1;
      b1 += load<f32>(weights, 12) * x1;
    }
    if (columns < end) {
      const x0 = load<f32>(x + load<u32>(columns));
      a0 += load<f32>(weights) * x0;
      b0 += load<f32>(weights, 4) * x0;
      columns += 4;
      weights += 8;
    }
    store<f32>(y, changetype<E>(0).one(a0 + a1, y, row, e0, e1));
    y += yRow;
    if (row + 1 < rows) store<f32>(y, changetype<E>(0).one(b0 + b1, y, row + 1, e0, e1));
    y += yRow;
    counts += 4;
    bias += 8;
  }
}

/** One pixel, of blocks of four columns in one row; the columns of a block are neighbours in memory. */
export function f32_linear_bsr1x4_1x1<E>(x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const end = columns + (<usize>load<u32>(counts) << 2);
    let sum = load<f32>(bias);
    if (ASC_FEATURE_SIMD) {
      let a0 = f32x4.splat(0), a1 = a0;
      for (; columns + 4 < end; columns += 8, weights += 32) {
        a0 = madd(v128.load(x + load<u32>(columns)), v128.load(weights), a0);
        a1 = madd(v128.load(x + load<u32>(columns, 4)), v128.load(weights, 16), a1);
      }
      if (columns < end) {
        a0 = madd(v128.load(x + load<u32>(columns)), v128.load(weights), a0);
        columns += 4;
        weights += 16;
      }
      a0 = f32x4.add(a0, a1);
      sum += f32x4.extract_lane(a0, 0) + f32x4.extract_lane(a0, 1) + (f32x4.extract_lane(a0, 2) + f32x4.extract_lane(a0, 3));
    } else {
      for (; columns < end; columns += 4, weights += 16) {
        const p = x + load<u32>(columns);
        sum += load<f32>(weights) * load<f32>(p) + load<f32>(weights, 4) * load<f32>(p, 4)
          + (load<f32>(weights, 8) * load<f32>(p, 8) + load<f32>(weights, 12) * load<f32>(p, 12));
      }
    }
    store<f32>(y, changetype<E>(0).one(sum, y, row, e0, e1));
    counts += 4;
    bias += 4;
    y += yRow;
  }
}

/** Blocks of 2^`shift` rows without SIMD, one row after the other. */
// @ts-ignore: decorator
@inline
function scalarBlocks<E>(shift: i32, x: usize, y: usize, bias: usize, counts: usize, columns: usize, weights: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  const height = 1 << shift;
  for (let group = 0; group < rows; group += height) {
    const end = columns + (<usize>load<u32>(counts) << 2);
    for (let i = 0; i < height && group + i < rows; i++) {
      scalarRow<E>(x, y, bias, columns, end, 1, 0, weights + (i << 2), height << 2, group + i, pixels, e0, e1);
      bias += 4;
      y += yRow;
    }
    weights += (end - columns) << shift;
    columns = end;
    counts += 4;
  }
}
