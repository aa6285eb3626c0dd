import { put4xN, scalarRow } from './blocks';
import { madd, put, storeLanes } from './simd';

/**
 * `linear` with all weights. Columns come in runs at even distances, so that most are found by an addition: `runs` holds how many columns
 * a run has, the bytes from one to the next, and the byte offset of the first column of each (`sparse/dense.ts`).
 */

/** Panels of four rows, each of which walks over the tiles of a swath of pixels before the next does. */
export function f32_linear_dense_4x8<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  const run = load<u32>(runs), step = load<u32>(runs, 4);
  const first = runs + 8, end = first + ((<u32>cols / run) << 2);
  if (ASC_FEATURE_SIMD) {
    const panel = <usize>cols << 4;
    for (; pixels > 0; pixels -= swath, x += <usize>swath << 2, y += <usize>swath << 2) {
      let w = weights, b = bias, to = y;
      for (let row = 0; row < rows; row += 4) {
        for (let pixel = 0; pixel < min<i32>(pixels, swath); pixel += 8) {
          const at = <usize>pixel << 2, left = pixels - pixel;
          if (left > 4) tile4xN<E>(2, x + at, to + at, b, first, end, run, step, w, row, rows - row, left, yRow, e0, e1);
          else tile4xN<E>(1, x + at, to + at, b, first, end, run, step, w, row, rows - row, left, yRow, e0, e1);
        }
        w += panel;
        b += 16;
        to += yRow << 2;
      }
    }
  } else {
    for (let row = 0; row < rows; row++) {
      const panel = weights + ((<usize>(row & ~3) * cols) << 2) + ((row & 3) << 2);
      scalarRow<E>(x, y, bias, first, end, run, step, panel, 16, row, pixels, e0, e1);
      bias += 4;
      y += yRow;
    }
  }
}

/** One pixel. */
export function f32_linear_dense_8x1<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(1, x, y, bias, runs, weights, rows, cols, yRow, e0, e1);
}

/** Two pixels. */
export function f32_linear_dense_8x2<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(2, x, y, bias, runs, weights, rows, cols, yRow, e0, e1);
}

/** Three pixels. */
export function f32_linear_dense_8x3<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(3, x, y, bias, runs, weights, rows, cols, yRow, e0, e1);
}

/** Four pixels. */
export function f32_linear_dense_8x4<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  fewPixels<E>(4, x, y, bias, runs, weights, rows, cols, yRow, e0, e1);
}

/** Two panels of rows at a time; where the second doesn't exist, the first in its stead. */
// @ts-ignore: decorator
@inline
function fewPixels<E>(n: i32, x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    const run = load<u32>(runs), step = load<u32>(runs, 4);
    const first = runs + 8, end = first + ((<u32>cols / run) << 2);
    const panel = <usize>cols << 4;
    for (let row = 0; row < rows; row += 8, weights += panel << 1, bias += 32, y += yRow << 3) {
      const lower = row + 4 < rows ? weights + panel : weights;
      if (n == 1) tile8x1<E>(x, y, bias, first, end, run, step, weights, lower, row, rows - row, yRow, e0, e1);
      else tile8xN<E>(n, x, y, bias, first, end, run, step, weights, lower, row, rows - row, yRow, e0, e1);
    }
  } else f32_linear_dense_4x8<E>(x, y, bias, runs, weights, rows, cols, n, n, yRow, e0, e1);
}

/** Four rows × 4·`n` pixels, n = 1 or 2. One column a turn: V8 unrolls the loop, and more loads in a block would find no registers. */
// @ts-ignore: decorator
@inline
function tile4xN<E>(n: i32, x: usize, y: usize, bias: usize, first: usize, end: usize, run: usize, step: usize, weights: usize, row: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let b0 = v128.load32_splat(bias, 4);
  let c0 = v128.load32_splat(bias, 8);
  let d0 = v128.load32_splat(bias, 12);
  let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
  for (; first < end; first += 4) {
    let p = x + load<u32>(first);
    const last = weights + (run << 4);
    do {
      const x0 = v128.load(p);
      const x1 = n > 1 ? v128.load(p, 16) : x0;
      const wa = v128.load32_splat(weights);
      const wb = v128.load32_splat(weights, 4);
      const wc = v128.load32_splat(weights, 8);
      const wd = v128.load32_splat(weights, 12);
      p += step;
      weights += 16;
      a0 = madd(wa, x0, a0);
      if (n > 1) a1 = madd(wa, x1, a1);
      b0 = madd(wb, x0, b0);
      if (n > 1) b1 = madd(wb, x1, b1);
      c0 = madd(wc, x0, c0);
      if (n > 1) c1 = madd(wc, x1, c1);
      d0 = madd(wd, x0, d0);
      if (n > 1) d1 = madd(wd, x1, d1);
    } while (weights < last);
  }
  put4xN<E>(n, y, a0, a1, b0, b1, c0, c1, d0, d1, row, rows, pixels, yRow, e0, e1);
}

/** Eight rows of one pixel, as two panels of four that share their columns. */
// @ts-ignore: decorator
@inline
function tile8x1<E>(x: usize, y: usize, bias: usize, first: usize, end: usize, run: usize, step: usize, upper: usize, lower: usize, row: usize, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = f32x4.splat(0), b1 = a1;
  for (; first < end; first += 4) {
    let p = x + load<u32>(first);
    const last = upper + (run << 4);
    for (; upper + 16 < last; upper += 32, lower += 32) {
      const x0 = v128.load32_splat(p);
      const x1 = v128.load32_splat(p + step);
      p += step << 1;
      a0 = madd(x0, v128.load(upper), a0);
      b0 = madd(x0, v128.load(lower), b0);
      a1 = madd(x1, v128.load(upper, 16), a1);
      b1 = madd(x1, v128.load(lower, 16), b1);
    }
    if (upper < last) {
      const x0 = v128.load32_splat(p);
      a0 = madd(x0, v128.load(upper), a0);
      b0 = madd(x0, v128.load(lower), b0);
      upper += 16, lower += 16;
    }
  }
  a0 = f32x4.add(a0, a1);
  b0 = f32x4.add(b0, b1);
  if (yRow == 4) {
    storeLanes(y, changetype<E>(0).rows(a0, y, row, e0, e1), rows);
    if (rows > 4) storeLanes(y + 16, changetype<E>(0).rows(b0, y + 16, row + 4, e0, e1), rows - 4);
  } else {
    putRows<E>(1, y, a0, a0, a0, a0, row, rows, yRow, e0, e1);
    putRows<E>(1, y + (yRow << 2), b0, b0, b0, b0, row + 4, rows - 4, yRow, e0, e1);
  }
}

/** Eight rows × two, three or four pixels (`n`), as two panels of four rows, which lie in lanes: weights are loaded once for all pixels. */
// @ts-ignore: decorator
@inline
function tile8xN<E>(n: i32, x: usize, y: usize, bias: usize, first: usize, end: usize, run: usize, step: usize, upper: usize, lower: usize, row: usize, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  let a0 = v128.load(bias), b0 = v128.load(bias, 16);
  let a1 = a0, a2 = a0, a3 = a0, b1 = b0, b2 = b0, b3 = b0;
  for (; first < end; first += 4) {
    let p = x + load<u32>(first);
    for (const last = upper + (run << 4); upper < last; upper += 16, lower += 16, p += step) {
      const u = v128.load(upper), l = v128.load(lower);
      let v = v128.load32_splat(p);
      a0 = madd(v, u, a0);
      b0 = madd(v, l, b0);
      v = v128.load32_splat(p, 4);
      a1 = madd(v, u, a1);
      b1 = madd(v, l, b1);
      if (n > 2) {
        v = v128.load32_splat(p, 8);
        a2 = madd(v, u, a2);
        b2 = madd(v, l, b2);
      }
      if (n > 3) {
        v = v128.load32_splat(p, 12);
        a3 = madd(v, u, a3);
        b3 = madd(v, l, b3);
      }
    }
  }
  putRows<E>(n, y, a0, a1, a2, a3, row, rows, yRow, e0, e1);
  putRows<E>(n, y + (yRow << 2), b0, b1, b2, b3, row + 4, rows - 4, yRow, e0, e1);
}

/** Pixels `a … d` of four rows, of which `rows` exist. */
// @ts-ignore: decorator
@inline
function putRows<E>(n: i32, y: usize, a: v128, b: v128, c: v128, d: v128, row: usize, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  if (rows > 0) put<E>(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), y, row, e0, e1, n);
  if (rows > 1) put<E>(v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), y + yRow, row + 1, e0, e1, n);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  if (rows > 2) put<E>(v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), y + 2 * yRow, row + 2, e0, e1, n);
  if (rows > 3) put<E>(v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), y + 3 * yRow, row + 3, e0, e1, n);
}
