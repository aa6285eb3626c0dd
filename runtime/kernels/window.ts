import { madd, put } from './simd';

/**
 * Kernels of the `window` form: each output plane comes from the input plane of the same channel. Planes are `xC` and `yC` bytes
 * apart, image rows `xPitch` and `yPitch`; x is where the first window begins. Windows lie inside their plane, which carries its padding. The
 * row that epilogues see is the channel.
 */

/** Depthwise, weights [channels][kh·kw]; stride 1 along the row, any other geometry. */
export function f32_depthwise_s1_4x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(CONV, 1, x, y, bias, weights, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(CONV, x, y, bias, weights, channels, xC, yC, kh, kw, strideY, 1, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Depthwise, weights [channels][kh·kw]; stride 2 along the row, any other geometry. */
export function f32_depthwise_s2_4x4<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(CONV, 2, x, y, bias, weights, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(CONV, x, y, bias, weights, channels, xC, yC, kh, kw, strideY, 2, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Depthwise, weights [channels][kh·kw]; any geometry. */
export function f32_depthwise_any_1x1<E>(x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  scalar<E>(CONV, x, y, bias, weights, channels, xC, yC, kh, kw, strideY, strideX, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Maximum of the window; stride 1 along the row, any other geometry. */
export function f32_maxpool_s1_4x4<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(MAX, 1, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(MAX, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, 1, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Maximum of the window; stride 2 along the row, any other geometry. */
export function f32_maxpool_s2_4x4<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(MAX, 2, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(MAX, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, 2, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Maximum of the window; any geometry. */
export function f32_maxpool_any_1x1<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  scalar<E>(MAX, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, strideX, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Mean of the window; stride 1 along the row, any other geometry. */
export function f32_avgpool_s1_4x4<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(MEAN, 1, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(MEAN, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, 1, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Mean of the window; stride 2 along the row, any other geometry. */
export function f32_avgpool_s2_4x4<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) vector<E>(MEAN, 2, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
  else scalar<E>(MEAN, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, 2, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** Mean of the window; any geometry. */
export function f32_avgpool_any_1x1<E>(x: usize, y: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  scalar<E>(MEAN, x, y, 0, 0, channels, xC, yC, kh, kw, strideY, strideX, dilationY, dilationX, outH, outW, xPitch, yPitch, e0, e1);
}

/** What a window does with its values; constants, so that nothing of the others is left in a kernel. */
export const CONV: i32 = 0;
const MAX: i32 = 1;
const MEAN: i32 = 2;

/**
 * Tiles of four output rows × four pixels share the weights; rows that do not exist repeat the last one. A maximum that keeps NaN takes eight
 * instructions on x86, one that doesn't takes one: lanes that saw NaN are set to it in the end.
 */
// @ts-ignore: decorator
@inline
function vector<E>(op: i32, strideX: i32, x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  const xRow = <usize>strideY * xPitch;
  const tapRow = <usize>dilationY * xPitch;
  const tapColumn = <usize>dilationX << 2;
  const mean = f32x4.splat(<f32>1 / <f32>(kh * kw));
  for (let c = 0; c < channels; c++) {
    for (let oy = 0; oy < outH; oy += 4) {
      const rows = outH - oy;
      const to1 = rows > 1 ? xRow : 0;
      const to2 = rows > 2 ? to1 + xRow : to1;
      const to3 = rows > 3 ? to2 + xRow : to2;
      let at = y + <usize>oy * yPitch;
      let from = x + <usize>oy * xRow;
      for (let left = outW; left > 0; left -= 4) {
        let a0 = op == CONV ? v128.load32_splat(bias) : op == MAX ? f32x4.splat(-Infinity) : f32x4.splat(0);
        let a1 = a0, a2 = a0, a3 = a0;
        let n0 = f32x4.splat(0), n1 = n0, n2 = n0, n3 = n0;
        let w = weights;
        let row = from;
        for (let ky = kh; ky > 0; ky--) {
          let p = row;
          for (let kx = kw; kx > 0; kx--) {
            const v0 = loadStrided(strideX, p);
            const v1 = loadStrided(strideX, p + to1);
            const v2 = loadStrided(strideX, p + to2);
            const v3 = loadStrided(strideX, p + to3);
            if (op == CONV) {
              const k = v128.load32_splat(w);
              a0 = madd(k, v0, a0);
              a1 = madd(k, v1, a1);
              a2 = madd(k, v2, a2);
              a3 = madd(k, v3, a3);
              w += 4;
            } else if (op == MAX) {
              a0 = f32x4.pmax(a0, v0);
              a1 = f32x4.pmax(a1, v1);
              a2 = f32x4.pmax(a2, v2);
              a3 = f32x4.pmax(a3, v3);
              n0 = v128.or(n0, f32x4.ne(v0, v0));
              n1 = v128.or(n1, f32x4.ne(v1, v1));
              n2 = v128.or(n2, f32x4.ne(v2, v2));
              n3 = v128.or(n3, f32x4.ne(v3, v3));
            } else {
              a0 = f32x4.add(a0, v0);
              a1 = f32x4.add(a1, v1);
              a2 = f32x4.add(a2, v2);
              a3 = f32x4.add(a3, v3);
            }
            p += tapColumn;
          }
          row += tapRow;
        }
        if (op == MEAN) {
          a0 = f32x4.mul(a0, mean);
          a1 = f32x4.mul(a1, mean);
          a2 = f32x4.mul(a2, mean);
          a3 = f32x4.mul(a3, mean);
        } else if (op == MAX) {
          a0 = v128.or(a0, n0);
          a1 = v128.or(a1, n1);
          a2 = v128.or(a2, n2);
          a3 = v128.or(a3, n3);
        }
        put<E>(a0, at, c, e0, e1, left);
        if (rows > 1) put<E>(a1, at + yPitch, c, e0, e1, left);
        if (rows > 2) put<E>(a2, at + 2 * yPitch, c, e0, e1, left);
        if (rows > 3) put<E>(a3, at + 3 * yPitch, c, e0, e1, left);
        at += 16;
        from += strideX << 4;
      }
    }
    x += xC;
    y += yC;
    if (op == CONV) {
      bias += 4;
      weights += <usize>(kh * kw) << 2;
    }
  }
}

/** Four pixels of a row, then one after the other. */
// @ts-ignore: decorator
@inline
function scalar<E>(op: i32, x: usize, y: usize, bias: usize, weights: usize, channels: i32, xC: usize, yC: usize, kh: i32, kw: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, outH: i32, outW: i32, xPitch: usize, yPitch: usize, e0: usize, e1: usize): void {
  const tapRow = <usize>dilationY * xPitch;
  const tapColumn = <usize>dilationX << 2;
  const step = <usize>strideX << 2;
  for (let c = 0; c < channels; c++) {
    for (let oy = 0; oy < outH; oy++) {
      let from = x + <usize>(oy * strideY) * xPitch;
      let at = y + <usize>oy * yPitch;
      let left = outW;
      for (; left >= 4; left -= 4, at += 16, from += step << 2) {
        scalarTile<E>(op, 4, from, step, at, bias, weights, c, kh, kw, tapRow, tapColumn, e0, e1);
      }
      for (; left > 0; left--, at += 4, from += step) {
        scalarTile<E>(op, 1, from, step, at, bias, weights, c, kh, kw, tapRow, tapColumn, e0, e1);
      }
    }
    x += xC;
    y += yC;
    if (op == CONV) {
      bias += 4;
      weights += <usize>(kh * kw) << 2;
    }
  }
}

// @ts-ignore: decorator
@inline
export function scalarTile<E>(op: i32, n: i32, x: usize, step: usize, y: usize, bias: usize, weights: usize, c: usize, kh: i32, kw: i32, tapRow: usize, tapColumn: usize, e0: usize, e1: usize): void {
  let a0: f32 = op == CONV ? load<f32>(bias) : op == MAX ? -Infinity : 0;
  let a1 = a0, a2 = a0, a3 = a0;
  for (let ky = kh; ky > 0; ky--) {
    let p = x;
    for (let kx = kw; kx > 0; kx--) {
      const w: f32 = op == CONV ? load<f32>(weights) : 0;
      a0 = scalarTap(op, a0, w, p);
      if (n > 1) {
        a1 = scalarTap(op, a1, w, p + step);
        a2 = scalarTap(op, a2, w, p + 2 * step);
        a3 = scalarTap(op, a3, w, p + 3 * step);
      }
      if (op == CONV) weights += 4;
      p += tapColumn;
    }
    x += tapRow;
  }
  if (op == MEAN) {
    const mean = <f32>1 / <f32>(kh * kw);
    a0 *= mean;
    a1 *= mean;
    a2 *= mean;
    a3 *= mean;
  }
  store<f32>(y, changetype<E>(0).one(a0, y, c, e0, e1));
  if (n > 1) {
    store<f32>(y, changetype<E>(0).one(a1, y + 4, c, e0, e1), 4);
    store<f32>(y, changetype<E>(0).one(a2, y + 8, c, e0, e1), 8);
    store<f32>(y, changetype<E>(0).one(a3, y + 12, c, e0, e1), 12);
  }
}

// @ts-ignore: decorator
@inline
function scalarTap(op: i32, a: f32, w: f32, p: usize): f32 {
  const v = load<f32>(p);
  if (op == CONV) return a + w * v;
  else if (op == MAX) return max<f32>(a, v);
  else return a + v;
}

/** Four floats, every one or every second. */
// @ts-ignore: decorator
@inline
export function loadStrided(stride: i32, p: usize): v128 {
  if (stride == 1) return v128.load(p);
  else return even(v128.load(p), v128.load(p, 16));
}

// @ts-ignore: decorator
@inline
export function even(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}
