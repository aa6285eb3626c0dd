import { madd, put } from './simd';
import { CONV, even, scalar } from './window';

/**
 * Depthwise 3×3, stride 1. A strip of four pixels runs down the plane: an input row adds to the three output rows that it touches,
 * and is loaded once.
 */
export function f32_depthwise_3x3s1_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let c = 0; c < channels; c++) {
      for (let left = outW, px = x, py = y; left > 0; left -= 4, px += 16, py += 16) {
        const b = v128.load32_splat(bias);
        const w0 = v128.load32_splat(weights);
        const w1 = v128.load32_splat(weights, 4);
        const w2 = v128.load32_splat(weights, 8);
        const w3 = v128.load32_splat(weights, 12);
        const w4 = v128.load32_splat(weights, 16);
        const w5 = v128.load32_splat(weights, 20);
        const w6 = v128.load32_splat(weights, 24);
        const w7 = v128.load32_splat(weights, 28);
        const w8 = v128.load32_splat(weights, 32);
        let p = px;
        let l = v128.load(p), m = v128.load(p, 4), r = v128.load(p, 8);
        let middle = madd(w2, r, madd(w1, m, madd(w0, l, b)));
        p += xPitch;
        l = v128.load(p), m = v128.load(p, 4), r = v128.load(p, 8);
        let bottom = madd(w5, r, madd(w4, m, madd(w3, l, middle)));
        middle = madd(w2, r, madd(w1, m, madd(w0, l, b)));
        let at = py;
        for (let i = outH; i > 0; i--) {
          p += xPitch;
          l = v128.load(p), m = v128.load(p, 4), r = v128.load(p, 8);
          put<E>(madd(w8, r, madd(w7, m, madd(w6, l, bottom))), at, c, e0, e1, left);
          bottom = madd(w5, r, madd(w4, m, madd(w3, l, middle)));
          middle = madd(w2, r, madd(w1, m, madd(w0, l, b)));
          at += yPitch;
        }
      }
      x += xC;
      y += yC;
      bias += 4;
      weights += 36;
    }
  } else scalar<E>(CONV, x, y, bias, weights, channels, xC, yC, 3, 3, 1, 1, 1, 1, outH, outW, xPitch, yPitch, e0, e1);
}

/** Depthwise 3×3, stride 2: a strip of four or eight output pixels, the even and odd columns of its input split by shuffles. */
export function f32_depthwise_3x3s2_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let c = 0; c < channels; c++) {
      let left = outW, px = x, py = y;
      // Narrow planes would only pay for more code.
      if (outW >= 16) {
        for (; left >= 8; left -= 8, px += 64, py += 32) strip3x3s2<E>(true, true, px, py, bias, weights, c, outH, xPitch, yPitch, left, e0, e1);
      }
      for (; left > 0; left -= 4, px += 32, py += 16) {
        if (left >= 4) strip3x3s2<E>(false, true, px, py, bias, weights, c, outH, xPitch, yPitch, left, e0, e1);
        else strip3x3s2<E>(false, false, px, py, bias, weights, c, outH, xPitch, yPitch, left, e0, e1);
      }
      x += xC;
      y += yC;
      bias += 4;
      weights += 36;
    }
  } else scalar<E>(CONV, x, y, bias, weights, channels, xC, yC, 3, 3, 2, 2, 1, 1, outH, outW, xPitch, yPitch, e0, e1);
}

/** Four output pixels wide, or eight (`wide`), down the plane; `full`, where all exist: the check is kept out of the loop. */
// @ts-ignore: decorator
@inline
function strip3x3s2<E>(wide: bool, full: bool, p: usize, at: usize, bias: usize, weights: usize, c: usize, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  const b = v128.load32_splat(bias);
  const w0 = v128.load32_splat(weights);
  const w1 = v128.load32_splat(weights, 4);
  const w2 = v128.load32_splat(weights, 8);
  const w3 = v128.load32_splat(weights, 12);
  const w4 = v128.load32_splat(weights, 16);
  const w5 = v128.load32_splat(weights, 20);
  const w6 = v128.load32_splat(weights, 24);
  const w7 = v128.load32_splat(weights, 28);
  const w8 = v128.load32_splat(weights, 32);
  // Columns of the first four pixels in u and v, of the other four in s and t.
  let u = v128.load(p), v = v128.load(p, 16), s = u, t = v;
  if (wide) s = v128.load(p, 32), t = v128.load(p, 48);
  let l = even(u, v), l1 = even(s, t);
  let a = madd(w2, right(wide, l, l1, p), madd(w1, odd(u, v), madd(w0, l, b)));
  let a1 = a;
  if (wide) a1 = madd(w2, next(l1, p + 32), madd(w1, odd(s, t), madd(w0, l1, b)));
  for (let i = outH; i > 0; i--) {
    p += xPitch;
    u = v128.load(p), v = v128.load(p, 16);
    if (wide) s = v128.load(p, 32), t = v128.load(p, 48);
    l = even(u, v), l1 = even(s, t);
    a = madd(w5, right(wide, l, l1, p), madd(w4, odd(u, v), madd(w3, l, a)));
    if (wide) a1 = madd(w5, next(l1, p + 32), madd(w4, odd(s, t), madd(w3, l1, a1)));
    p += xPitch;
    u = v128.load(p), v = v128.load(p, 16);
    if (wide) s = v128.load(p, 32), t = v128.load(p, 48);
    l = even(u, v), l1 = even(s, t);
    let m = odd(u, v), r = right(wide, l, l1, p);
    const sum = madd(w8, r, madd(w7, m, madd(w6, l, a)));
    if (full) v128.store(at, changetype<E>(0).pixels(sum, at, c, e0, e1));
    else put<E>(sum, at, c, e0, e1, left);
    a = madd(w2, r, madd(w1, m, madd(w0, l, b)));
    if (wide) {
      m = odd(s, t), r = next(l1, p + 32);
      v128.store(at, changetype<E>(0).pixels(madd(w8, r, madd(w7, m, madd(w6, l1, a1))), at + 16, c, e0, e1), 16);
      a1 = madd(w2, r, madd(w1, m, madd(w0, l1, b)));
    }
    at += yPitch;
  }
}

/** Of the first four pixels, the even columns one further. */
// @ts-ignore: decorator
@inline
function right(wide: bool, l: v128, l1: v128, p: usize): v128 {
  if (wide) return v128.shuffle<f32>(l, l1, 1, 2, 3, 4);
  else return next(l, p);
}

// @ts-ignore: decorator
@inline
function odd(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

/** The even floats from p + 8 on, where those from p on are known. */
// @ts-ignore: decorator
@inline
function next(evens: v128, p: usize): v128 {
  return v128.shuffle<f32>(evens, v128.load32_zero(p, 32), 1, 2, 3, 4);
}
