import { result, scalarPadded } from './depthwise';
import { madd } from './simd';
import { loadStrided } from './window';

/**
 * Depthwise 5×5 kernels of the `window` form (`window.ts`) that know padding which isn't there: `padTop`, `padLeft`, `padBottom` and `padRight`,
 * 0 to 2, count the rows and columns of windows that lie outside the plane and read as zero, whatever is there.
 */

/**
 * Depthwise 5×5, stride 1. A strip of four pixels runs down the plane: an input row adds to the five output rows that it touches,
 * and is loaded once. 25 weights are too many for registers: each is read when its turn comes.
 */
export function f32_depthwise_5x5s1_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) strips5x5<E>(1, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  else scalarPadded<E>(5, 1, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/** Depthwise 5×5, stride 2: even input rows add to three output rows, odd ones to two. */
export function f32_depthwise_5x5s2_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) strips5x5<E>(2, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  else scalarPadded<E>(5, 2, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/** Planes in strips of eight or four output pixels; those that see padding at a side, or are narrower, ask of each lane whether it is inside. */
// @ts-ignore: decorator
@inline
function strips5x5<E>(stride: i32, x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  // Columns of the first windows that lie left of the plane, and where it ends.
  const before = i32x4.splat(padLeft - 1);
  const end = i32x4.splat((outW - 1) * stride + 5 - padRight);
  const lanes = stride == 1 ? i32x4(0, 1, 2, 3) : i32x4(0, 2, 4, 6);
  for (let c = 0; c < channels; c++) {
    const b = v128.load32_splat(bias);
    let p = x, at = y;
    for (let column = 0; column < outW;) {
      const left = outW - column;
      if (stride == 1 && column >= padLeft && left >= 8 + padRight) {
        strip5x5s1<E>(true, true, p, at, b, weights, b, b, b, c, padTop, padBottom, outH, xPitch, yPitch, 8, e0, e1);
        column += 8, p += 32, at += 32;
        continue;
      }
      if (column * stride >= padLeft && left >= 4 + padRight) {
        strip5x5<E>(stride, true, p, at, b, weights, b, b, b, c, padTop, padBottom, outH, xPitch, yPitch, 4, e0, e1);
      } else {
        const first = i32x4.add(lanes, i32x4.splat(column * stride));
        strip5x5<E>(stride, false, p, at, b, weights, first, before, end, c, padTop, padBottom, outH, xPitch, yPitch, left, e0, e1);
      }
      column += 4, p += 16 * stride, at += 16;
    }
    x += xC;
    y += yC;
    bias += 4;
    weights += 100;
  }
}

/**
 * Four output pixels wide, down the plane. Unless it is `whole`, `left` pixels of it exist, and the columns of its first taps count
 * from `first` on.
 */
// @ts-ignore: decorator
@inline
function strip5x5<E>(stride: i32, whole: bool, x: usize, y: usize, b: v128, weights: usize, first: v128, before: v128, end: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  if (stride == 1) strip5x5s1<E>(false, whole, x, y, b, weights, first, before, end, c, top, bottom, outH, xPitch, yPitch, left, e0, e1);
  else strip5x5s2<E>(whole, x, y, b, weights, first, before, end, c, top, bottom, outH, xPitch, yPitch, left, e0, e1);
}

/**
 * Stride 1; a `wide` strip is eight pixels, for whose two vectors weights are read once. The branch that is never taken, as no result lies at
 * address 0, keeps V8 from loading all of a column's weights before it multiplies: registers don't hold them.
 */
// @ts-ignore: decorator
@inline
function strip5x5s1<E>(wide: bool, whole: bool, x: usize, y: usize, b: v128, weights: usize, first: v128, before: v128, end: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  // Sums of the output rows row − 4 … row, of which the first is done.
  let s0 = b, s1 = b, s2 = b, s3 = b, s4 = b;
  let t0 = b, t1 = b, t2 = b, t3 = b, t4 = b;
  let p = x + <usize>top * xPitch, at = y;
  const rows = outH + 4;
  for (let row = top; row < rows; row++, p += xPitch) {
    if (row < rows - bottom) {
      let columns = first;
      for (let tap: usize = 0; tap < 20; tap += 4) {
        const w = weights + tap;
        const v = inside(whole, v128.load(p + tap), columns, before, end);
        const u = wide ? v128.load(p + tap, 16) : v;
        if (!whole) columns = i32x4.add(columns, i32x4.splat(1));
        let k = v128.load32_splat(w, 80);
        s0 = madd(k, v, s0);
        if (wide) t0 = madd(k, u, t0);
        k = v128.load32_splat(w, 60);
        s1 = madd(k, v, s1);
        if (wide) {
          t1 = madd(k, u, t1);
          if (!at) {
            v128.store(at, v128.xor(v128.xor(s0, t0), v128.xor(s1, t1)));
            break;
          }
        }
        k = v128.load32_splat(w, 40);
        s2 = madd(k, v, s2);
        if (wide) t2 = madd(k, u, t2);
        k = v128.load32_splat(w, 20);
        s3 = madd(k, v, s3);
        if (wide) t3 = madd(k, u, t3);
        k = v128.load32_splat(w);
        s4 = madd(k, v, s4);
        if (wide) t4 = madd(k, u, t4);
      }
    }
    if (row >= 4) {
      result<E>(whole, s0, at, c, e0, e1, left);
      if (wide) result<E>(whole, t0, at + 16, c, e0, e1, left);
      at += yPitch;
    }
    s0 = s1, s1 = s2, s2 = s3, s3 = s4, s4 = b;
    if (wide) t0 = t1, t1 = t2, t2 = t3, t3 = t4, t4 = b;
  }
}

// @ts-ignore: decorator
@inline
function strip5x5s2<E>(whole: bool, x: usize, y: usize, b: v128, weights: usize, first: v128, before: v128, end: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  // Sums of the output rows row / 2 − 2 … row / 2, of which an even row ends the first.
  let s0 = b, s1 = b, s2 = b;
  let p = x, at = y;
  const rows = 2 * outH + 3;
  for (let row = 0; row < rows; row += 2) {
    if (row >= top && row < rows - bottom) {
      let columns = first;
      for (let tap: usize = 0; tap < 20; tap += 4) {
        const w = weights + tap;
        const v = inside(whole, loadStrided(2, p + tap), columns, before, end);
        if (!whole) columns = i32x4.add(columns, i32x4.splat(1));
        s0 = madd(v128.load32_splat(w, 80), v, s0);
        s1 = madd(v128.load32_splat(w, 40), v, s1);
        s2 = madd(v128.load32_splat(w), v, s2);
      }
    }
    if (row >= 4) {
      result<E>(whole, s0, at, c, e0, e1, left);
      at += yPitch;
    }
    s0 = s1, s1 = s2, s2 = b;
    p += xPitch;
    if (row + 1 >= top && row + 1 < rows - bottom) {
      let columns = first;
      for (let tap: usize = 0; tap < 20; tap += 4) {
        const w = weights + tap;
        const v = inside(whole, loadStrided(2, p + tap), columns, before, end);
        if (!whole) columns = i32x4.add(columns, i32x4.splat(1));
        s0 = madd(v128.load32_splat(w, 60), v, s0);
        s1 = madd(v128.load32_splat(w, 20), v, s1);
      }
    }
    p += xPitch;
  }
}

/** What of a vector lies inside the plane, zero elsewhere. */
// @ts-ignore: decorator
@inline
function inside(whole: bool, v: v128, columns: v128, before: v128, end: v128): v128 {
  return whole ? v : v128.and(v, v128.and(i32x4.gt_s(columns, before), i32x4.lt_s(columns, end)));
}
