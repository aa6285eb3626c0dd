import { madd, put } from './simd';
import { CONV, even, scalarTile } from './window';

/**
 * Depthwise 3×3 kernels of the `window` form (`window.ts`) that know padding which isn't there: `padTop`, `padLeft`, `padBottom` and `padRight`,
 * 0 or 1, count the rows and columns of windows that lie outside the plane and read as zero, whatever is there. The first of them may lie
 * before memory begins: addresses wrap, so loops count.
 */

/**
 * Depthwise 3×3, stride 1. A strip of four pixels runs down the plane: an input row adds to the three output rows that it touches,
 * and is loaded once.
 */
export function f32_depthwise_3x3s1_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) strips3x3<E>(1, false, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  else scalarPadded<E>(3, 1, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/** Strips of eight pixels, for rows of eight or more. */
export function f32_depthwise_3x3s1_1x8<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) strips3x3<E>(1, true, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/** Depthwise 3×3, stride 2: a strip of four output pixels, the even and odd columns of its input split by shuffles. */
export function f32_depthwise_3x3s2_1x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) strips3x3<E>(2, false, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  else scalarPadded<E>(3, 2, x, y, bias, weights, channels, xC, yC, padTop, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/** Bytes of output rows that are done together, about. Inline, as below: else asc makes one loop of two. */
// @ts-ignore: decorator
@inline
const BAND: i32 = 16 * 1024;

/**
 * Planes in strips of output pixels; the weights of a channel are spread once for all of them. Strips down a large plane would come to
 * every cache line of it before they come back to the first. What sees padding at the sides, and planes of one strip, are functions of their own:
 * beside them, V8 finds no registers for the strips between. Where strips don't fill a row, the last of them overlap.
 */
// @ts-ignore: decorator
@inline
function strips3x3<E>(stride: i32, wide: bool, x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  const side = wide ? 8 : 4;
  const start = padLeft * side;
  // Pixels of whole strips beside those at the sides; those beside a wide one may reach into it by three pixels.
  const between = max<i32>(0, (outW - start - (wide ? 8 - 3 : 1) * padRight) & ~3);
  const band = max<i32>(4, BAND / <i32>xPitch);
  if (outW <= 4 || ((outW <= 8 || between == 0) && outH <= band)) {
    sidesOf<E>(stride, wide, x, y, bias, weights, 0, channels, xC, yC, padTop, 1, 1, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
    return;
  }
  for (let c = 0; c < channels; c++) {
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
    for (let rows = outH, top = padTop, bx = x, by = y; rows > 0; rows -= band, top = 0, bx += band * stride * xPitch, by += band * yPitch) {
      const high = min<i32>(rows, band);
      const bottom = rows <= band ? padBottom : 0;
      let p = bx + (start * stride << 2), at = by + (start << 2), left = between;
      if (wide) {
        for (; left >= 8; left -= 8, p += 32, at += 32) wide3x3s1<E>(false, false, p, at, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, b, b, c, top, bottom, high, xPitch, yPitch, e0, e1);
      }
      for (; left > 0; left -= 4, p += 16 * stride, at += 16) strip3x3<E>(stride, false, false, p, at, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, b, b, c, top, bottom, high, xPitch, yPitch, 4, e0, e1);
    }
    if (between < outW) sidesOf<E>(stride, wide, x, y, bias, weights, c, c + 1, xC, yC, padTop, padLeft, outW - start - between, padLeft, padBottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
    x += xC;
    y += yC;
    bias += 4;
    weights += 36;
  }
}

// @ts-ignore: decorator
@inline
function sidesOf<E>(stride: i32, wide: bool, x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (wide) {
    wideSides3x3s1<E>(x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  } else if (stride == 1) {
    if (outW > 4) sides3x3s1<E>(x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
    else narrow3x3s1<E>(x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  } else {
    if (outW > 4) sides3x3s2<E>(x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
    else narrow3x3s2<E>(x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
  }
}

function wideSides3x3s1<E>(x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  sides<E>(1, 8, x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

function sides3x3s1<E>(x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  sides<E>(1, 4, x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

function sides3x3s2<E>(x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  sides<E>(2, 4, x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

function narrow3x3s1<E>(x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  sides<E>(1, 0, x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

function narrow3x3s2<E>(x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  sides<E>(2, 0, x, y, bias, weights, c, channels, xC, yC, top, first, last, padLeft, bottom, padRight, outH, outW, xPitch, yPitch, e0, e1);
}

/**
 * Of the channels `c … channels`, where `first` the first strip, and where `last` the last one: it ends where the row ends, wherever
 * the strip before it ended. `side` is how wide they are; 0 for one strip of four pixels at most.
 */
// @ts-ignore: decorator
@inline
function sides<E>(stride: i32, side: i32, x: usize, y: usize, bias: usize, weights: usize, c: i32, channels: i32, xC: usize, yC: usize, top: i32, first: i32, last: i32, padLeft: i32, bottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  const behindLeft = i32x4(padLeft - 1, -1, -1, -1);
  const beforeRight = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat((side ? 4 : outW) - padRight));
  const to = side ? <usize>(outW - side) << 2 : 0;
  for (; c < channels; c++) {
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
    if (!side) {
      strip3x3<E>(stride, true, true, x, y, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, behindLeft, beforeRight, c, top, bottom, outH, xPitch, yPitch, outW, e0, e1);
    } else if (side == 8) {
      if (first) wide3x3s1<E>(true, false, x, y, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, behindLeft, b, c, top, bottom, outH, xPitch, yPitch, e0, e1);
      if (last) wide3x3s1<E>(false, true, x + to, y + to, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, b, beforeRight, c, top, bottom, outH, xPitch, yPitch, e0, e1);
    } else {
      if (first) strip3x3<E>(stride, true, false, x, y, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, behindLeft, b, c, top, bottom, outH, xPitch, yPitch, 4, e0, e1);
      if (last) strip3x3<E>(stride, false, true, x + to * stride, y + to, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, b, beforeRight, c, top, bottom, outH, xPitch, yPitch, 4, e0, e1);
    }
    x += xC;
    y += yC;
    bias += 4;
    weights += 36;
  }
}

/**
 * Four output pixels wide, down the plane; `left` of them where both sides are padding's. `atLeft` the first taps see what `behindLeft` lets through, `atRight`
 * the last ones what `beforeRight` does. `top` and `bottom` are 1 where the first and the last window lack a row.
 *
 * V8 hoists the loads of a basic block above its arithmetic, and there are no registers for that beside the weights. A branch
 * that is never taken, as no result lies at addresses this low, ends the block; it stores what was computed, so that none of it moves behind.
 */
// @ts-ignore: decorator
@inline
function strip3x3<E>(stride: i32, atLeft: bool, atRight: bool, x: usize, y: usize, b: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128, behindLeft: v128, beforeRight: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  if (stride == 1) strip3x3s1<E>(atLeft, atRight, x, y, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, behindLeft, beforeRight, c, top, bottom, outH, xPitch, yPitch, left, e0, e1);
  else strip3x3s2<E>(atLeft, atRight, x, y, b, w0, w1, w2, w3, w4, w5, w6, w7, w8, behindLeft, beforeRight, c, top, bottom, outH, xPitch, yPitch, left, e0, e1);
}

// @ts-ignore: decorator
@inline
function strip3x3s1<E>(atLeft: bool, atRight: bool, x: usize, y: usize, b: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128, behindLeft: v128, beforeRight: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  let p = x, middle = b;
  let v: v128, m: v128, r: v128;
  if (!top) {
    v = seen(atLeft, p, 0, behindLeft), m = v128.load(p, 4), r = seen(atRight, p, 8, beforeRight);
    middle = taps(w0, w1, w2, v, m, r, b);
  }
  p += xPitch;
  v = seen(atLeft, p, 0, behindLeft), m = v128.load(p, 4), r = seen(atRight, p, 8, beforeRight);
  let lower = taps(w3, w4, w5, v, m, r, middle);
  middle = taps(w0, w1, w2, v, m, r, b);
  let at = y;
  for (let i = outH - bottom; i > 0; i--) {
    p += xPitch;
    v = seen(atLeft, p, 0, behindLeft);
    let sum = madd(w6, v, lower);
    lower = madd(w3, v, middle);
    middle = madd(w0, v, b);
    if (!at) {
      v128.store(at, v128.xor(v128.xor(sum, lower), middle));
      break;
    }
    v = v128.load(p, 4);
    sum = madd(w7, v, sum);
    lower = madd(w4, v, lower);
    middle = madd(w1, v, middle);
    v = seen(atRight, p, 8, beforeRight);
    sum = madd(w8, v, sum);
    lower = madd(w5, v, lower);
    middle = madd(w2, v, middle);
    result<E>(!(atLeft && atRight), sum, at, c, e0, e1, left);
    at += yPitch;
  }
  if (bottom) result<E>(!(atLeft && atRight), lower, at, c, e0, e1, left);
}

/**
 * Eight output pixels wide: as long as a row's sums wait for each other in turn, those of the other four are done. Weights come and go as
 * there are registers. `atLeft` is of the first four, `atRight` of the others. A branch as in `strip3x3` stands behind the loop, too: V8 would move
 * what only the next row uses there, and keep this row's pixels.
 */
// @ts-ignore: decorator
@inline
function wide3x3s1<E>(atLeft: bool, atRight: bool, x: usize, y: usize, b: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128, behindLeft: v128, beforeRight: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  let p = x, at = y, middle = b, middle4 = b;
  let v: v128, m: v128, r: v128, u: v128;
  if (!top) {
    middle = taps(w0, w1, w2, seen(atLeft, p, 0, behindLeft), v128.load(p, 4), v128.load(p, 8), b);
    middle4 = taps(w0, w1, w2, v128.load(p, 16), v128.load(p, 20), seen(atRight, p, 24, beforeRight), b);
  }
  p += xPitch;
  v = seen(atLeft, p, 0, behindLeft), m = v128.load(p, 4), r = v128.load(p, 8);
  let lower = taps(w3, w4, w5, v, m, r, middle);
  middle = taps(w0, w1, w2, v, m, r, b);
  if (at == 8) {
    v128.store(at, v128.xor(lower, middle));
    return;
  }
  v = v128.load(p, 16), m = v128.load(p, 20), r = seen(atRight, p, 24, beforeRight);
  let lower4 = taps(w3, w4, w5, v, m, r, middle4);
  middle4 = taps(w0, w1, w2, v, m, r, b);
  for (let i = outH - bottom; i > 0; i--) {
    p += xPitch;
    v = seen(atLeft, p, 0, behindLeft), u = v128.load(p, 16);
    let sum = madd(w6, v, lower), sum4 = madd(w6, u, lower4);
    lower = madd(w3, v, middle), lower4 = madd(w3, u, middle4);
    middle = madd(w0, v, b), middle4 = madd(w0, u, b);
    if (!at) {
      v128.store(at, v128.xor(v128.xor(v128.xor(sum, sum4), v128.xor(lower, lower4)), v128.xor(middle, middle4)));
      break;
    }
    v = v128.load(p, 4), u = v128.load(p, 20);
    sum = madd(w7, v, sum), sum4 = madd(w7, u, sum4);
    lower = madd(w4, v, lower), lower4 = madd(w4, u, lower4);
    middle = madd(w1, v, middle), middle4 = madd(w1, u, middle4);
    if (at == 4) {
      v128.store(at, v128.xor(v128.xor(v128.xor(sum, sum4), v128.xor(lower, lower4)), v128.xor(middle, middle4)));
      break;
    }
    v = v128.load(p, 8), u = seen(atRight, p, 24, beforeRight);
    sum = madd(w8, v, sum), sum4 = madd(w8, u, sum4);
    v128.store(at, changetype<E>(0).pixels(sum, at, c, e0, e1));
    v128.store(at, changetype<E>(0).pixels(sum4, at + 16, c, e0, e1), 16);
    lower = madd(w5, v, lower), lower4 = madd(w5, u, lower4);
    middle = madd(w2, v, middle), middle4 = madd(w2, u, middle4);
    at += yPitch;
  }
  if (!at) v128.store(at, v128.xor(v128.xor(lower, lower4), v128.xor(middle, middle4)));
  if (bottom) {
    v128.store(at, changetype<E>(0).pixels(lower, at, c, e0, e1));
    v128.store(at, changetype<E>(0).pixels(lower4, at + 16, c, e0, e1), 16);
  }
}

// @ts-ignore: decorator
@inline
function strip3x3s2<E>(atLeft: bool, atRight: bool, x: usize, y: usize, b: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128, w8: v128, behindLeft: v128, beforeRight: v128, c: usize, top: i32, bottom: i32, outH: i32, xPitch: usize, yPitch: usize, left: i32, e0: usize, e1: usize): void {
  let p = x, a = b;
  let u: v128, v: v128, l: v128;
  if (!top) {
    u = v128.load(p), v = v128.load(p, 16);
    l = even(u, v);
    a = taps(w0, w1, w2, masked(atLeft, l, behindLeft), odd(u, v), masked(atRight, next(l, p), beforeRight), b);
  }
  let at = y;
  for (let i = outH - bottom; i > 0; i--) {
    p += xPitch;
    u = v128.load(p), v = v128.load(p, 16);
    l = even(u, v);
    a = f32x4.add(a, products(w3, w4, w5, masked(atLeft, l, behindLeft), odd(u, v), masked(atRight, next(l, p), beforeRight)));
    if (!at) {
      v128.store(at, a);
      break;
    }
    p += xPitch;
    u = v128.load(p), v = v128.load(p, 16);
    l = even(u, v);
    const m = odd(u, v), r = masked(atRight, next(l, p), beforeRight);
    l = masked(atLeft, l, behindLeft);
    result<E>(!(atLeft && atRight), f32x4.add(a, products(w6, w7, w8, l, m, r)), at, c, e0, e1, left);
    a = taps(w0, w1, w2, l, m, r, b);
    at += yPitch;
  }
  if (bottom) {
    p += xPitch;
    u = v128.load(p), v = v128.load(p, 16);
    l = even(u, v);
    a = f32x4.add(a, products(w3, w4, w5, masked(atLeft, l, behindLeft), odd(u, v), masked(atRight, next(l, p), beforeRight)));
    result<E>(!(atLeft && atRight), a, at, c, e0, e1, left);
  }
}

// @ts-ignore: decorator
@inline
function taps(w0: v128, w1: v128, w2: v128, v: v128, m: v128, r: v128, a: v128): v128 {
  return madd(w2, r, madd(w1, m, madd(w0, v, a)));
}

/** By themselves, for processors that wait for each sum of a row: a scheduler of 64 entries holds two and a half rows at stride 2 (Zen 4). */
// @ts-ignore: decorator
@inline
function products(w0: v128, w1: v128, w2: v128, v: v128, m: v128, r: v128): v128 {
  return madd(w2, r, madd(w1, m, f32x4.mul(w0, v)));
}

// @ts-ignore: decorator
@inline
function masked(mask: bool, v: v128, lanes: v128): v128 {
  return mask ? v128.and(v, lanes) : v;
}

// @ts-ignore: decorator
@inline
function seen(mask: bool, p: usize, offset: usize, lanes: v128): v128 {
  return masked(mask, v128.load(p + offset), lanes);
}

// @ts-ignore: decorator
@inline
export function result<E>(full: bool, v: v128, at: usize, c: usize, e0: usize, e1: usize, left: i32): void {
  if (full) v128.store(at, changetype<E>(0).pixels(v, at, c, e0, e1));
  else put<E>(v, at, c, e0, e1, left);
}

/** Windows of `size` × `size`. Taps outside are left out: rows by starting later or ending sooner, columns pixel by pixel. */
// @ts-ignore: decorator
@inline
export function scalarPadded<E>(size: i32, stride: i32, x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, padTop: i32, padLeft: i32, padBottom: i32, padRight: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  const step = <usize>stride << 2;
  for (let c = 0; c < channels; c++) {
    for (let oy = 0; oy < outH; oy++) {
      const first = max<i32>(0, padTop - oy * stride);
      const rows = min<i32>(size, size - padBottom + (outH - 1 - oy) * stride) - first;
      let from = x + <usize>(oy * stride + first) * xPitch;
      let at = y + <usize>oy * yPitch;
      const w = weights + <usize>(size * first << 2);
      for (let column = 0; column < outW;) {
        const left = outW - column;
        const start = max<i32>(0, padLeft - column * stride);
        if (start == 0 && left >= 4 + padRight) {
          scalarTile<E>(CONV, 4, from, step, at, bias, w, c, rows, size, xPitch, 4, e0, e1);
          column += 4, at += 16, from += step << 2;
        } else {
          const end = min<i32>(size, size - padRight + (left - 1) * stride);
          scalarPixel<E>(size, from, at, bias, w, c, rows, start, end, xPitch, e0, e1);
          column++, at += 4, from += step;
        }
      }
    }
    x += xC;
    y += yC;
    bias += 4;
    weights += <usize>(size * size) << 2;
  }
}

/** One pixel from the columns `start … end` of its windows. */
// @ts-ignore: decorator
@inline
function scalarPixel<E>(size: i32, x: usize, y: usize, bias: usize, weights: usize, c: usize, rows: i32, start: i32, end: i32, xPitch: usize, e0: usize, e1: usize): void {
  let a = load<f32>(bias);
  for (; rows > 0; rows--, x += xPitch, weights += <usize>size << 2) {
    for (let k = start; k < end; k++) a += load<f32>(weights + (k << 2)) * load<f32>(x + (k << 2));
  }
  store<f32>(y, changetype<E>(0).one(a, y, c, e0, e1));
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
