import { madd, put, storeLanes } from './simd';

/**
 * The inner loops of the blocked kernels: `height` rows of a matrix whose columns (byte offsets of their first pixel) stand at `columns … end`,
 * with `height` weights for each; and what the dense ones share with them. `rows` and `pixels` count what is left to compute: results
 * beyond them are not stored, though biases and pixels beyond them are read.
 */

/** Four rows × 4·`n` pixels, n = 1 or 2. */
// @ts-ignore: decorator
@inline
function tile4xN<E>(n: i32, x: usize, y: usize, bias: usize, columns: usize, end: usize, weights: usize, row: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let b0 = v128.load32_splat(bias, 4);
  let c0 = v128.load32_splat(bias, 8);
  let d0 = v128.load32_splat(bias, 12);
  let a1 = a0, b1 = b0, c1 = c0, d1 = d0;
  while (columns < end) {
    const pair = load<u64>(columns);
    let p = x + <u32>pair;
    let x0 = v128.load(p);
    let x1 = n > 1 ? v128.load(p, 16) : x0;
    let wa = v128.load32_splat(weights);
    let wb = v128.load32_splat(weights, 4);
    let wc = v128.load32_splat(weights, 8);
    let wd = v128.load32_splat(weights, 12);
    columns += 4;
    weights += 16;
    a0 = madd(wa, x0, a0);
    if (n > 1) a1 = madd(wa, x1, a1);
    b0 = madd(wb, x0, b0);
    if (n > 1) b1 = madd(wb, x1, b1);
    c0 = madd(wc, x0, c0);
    if (n > 1) c1 = madd(wc, x1, c1);
    d0 = madd(wd, x0, d0);
    if (n > 1) d1 = madd(wd, x1, d1);
    if (columns >= end) break;
    p = x + <u32>(pair >> 32);
    x0 = v128.load(p);
    if (n > 1) x1 = v128.load(p, 16);
    wa = v128.load32_splat(weights);
    wb = v128.load32_splat(weights, 4);
    wc = v128.load32_splat(weights, 8);
    wd = v128.load32_splat(weights, 12);
    columns += 4;
    weights += 16;
    a0 = madd(wa, x0, a0);
    if (n > 1) a1 = madd(wa, x1, a1);
    b0 = madd(wb, x0, b0);
    if (n > 1) b1 = madd(wb, x1, b1);
    c0 = madd(wc, x0, c0);
    if (n > 1) c1 = madd(wc, x1, c1);
    d0 = madd(wd, x0, d0);
    if (n > 1) d1 = madd(wd, x1, d1);
  }
  put4xN<E>(n, y, a0, a1, b0, b1, c0, c1, d0, d1, row, rows, pixels, yRow, e0, e1);
}

/** Results of four rows × 4·`n` pixels. */
// @ts-ignore: decorator
@inline
export function put4xN<E>(n: i32, y: usize, a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128, d0: v128, d1: v128, row: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  put<E>(a0, y, row, e0, e1, pixels);
  if (n > 1) put<E>(a1, y + 16, row, e0, e1, pixels - 4);
  if (rows > 1) {
    y += yRow;
    put<E>(b0, y, row + 1, e0, e1, pixels);
    if (n > 1) put<E>(b1, y + 16, row + 1, e0, e1, pixels - 4);
  }
  if (rows > 2) {
    y += yRow;
    put<E>(c0, y, row + 2, e0, e1, pixels);
    if (n > 1) put<E>(c1, y + 16, row + 2, e0, e1, pixels - 4);
  }
  if (rows > 3) {
    y += yRow;
    put<E>(d0, y, row + 3, e0, e1, pixels);
    if (n > 1) put<E>(d1, y + 16, row + 3, e0, e1, pixels - 4);
  }
}

/** Four rows × eight pixels, or the last four or fewer. */
// @ts-ignore: decorator
@inline
export function tile4x8<E>(x: usize, y: usize, bias: usize, columns: usize, end: usize, weights: usize, row: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  if (pixels > 4) tile4xN<E>(2, x, y, bias, columns, end, weights, row, rows, pixels, yRow, e0, e1);
  else tile4xN<E>(1, x, y, bias, columns, end, weights, row, rows, pixels, yRow, e0, e1);
}

/** Two rows × sixteen pixels. */
// @ts-ignore: decorator
@inline
export function tile2x16<E>(x: usize, y: usize, bias: usize, columns: usize, end: usize, weights: usize, row: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let b0 = v128.load32_splat(bias, 4);
  let a1 = a0, a2 = a0, a3 = a0, b1 = b0, b2 = b0, b3 = b0;
  while (columns < end) {
    let p = x + load<u32>(columns);
    let x0 = v128.load(p);
    let x1 = v128.load(p, 16);
    let x2 = v128.load(p, 32);
    let x3 = v128.load(p, 48);
    let wa = v128.load32_splat(weights);
    let wb = v128.load32_splat(weights, 4);
    columns += 4;
    weights += 8;
    a0 = madd(wa, x0, a0);
    a1 = madd(wa, x1, a1);
    a2 = madd(wa, x2, a2);
    a3 = madd(wa, x3, a3);
    b0 = madd(wb, x0, b0);
    b1 = madd(wb, x1, b1);
    b2 = madd(wb, x2, b2);
    b3 = madd(wb, x3, b3);
    if (columns >= end) break;
    p = x + load<u32>(columns);
    x0 = v128.load(p);
    x1 = v128.load(p, 16);
    x2 = v128.load(p, 32);
    x3 = v128.load(p, 48);
    wa = v128.load32_splat(weights);
    wb = v128.load32_splat(weights, 4);
    columns += 4;
    weights += 8;
    a0 = madd(wa, x0, a0);
    a1 = madd(wa, x1, a1);
    a2 = madd(wa, x2, a2);
    a3 = madd(wa, x3, a3);
    b0 = madd(wb, x0, b0);
    b1 = madd(wb, x1, b1);
    b2 = madd(wb, x2, b2);
    b3 = madd(wb, x3, b3);
  }
  put<E>(a0, y, row, e0, e1, pixels);
  put<E>(a1, y + 16, row, e0, e1, pixels - 4);
  put<E>(a2, y + 32, row, e0, e1, pixels - 8);
  put<E>(a3, y + 48, row, e0, e1, pixels - 12);
  if (rows > 1) {
    y += yRow;
    put<E>(b0, y, row + 1, e0, e1, pixels);
    put<E>(b1, y + 16, row + 1, e0, e1, pixels - 4);
    put<E>(b2, y + 32, row + 1, e0, e1, pixels - 8);
    put<E>(b3, y + 48, row + 1, e0, e1, pixels - 12);
  }
}

/** Four rows of one pixel, results 4 bytes apart. */
// @ts-ignore: decorator
@inline
export function tile4x1<E>(x: usize, y: usize, bias: usize, columns: usize, end: usize, weights: usize, row: usize, rows: i32, e0: usize, e1: usize): void {
  let a0 = v128.load(bias);
  let a1 = f32x4.splat(0), a2 = a1, a3 = a1;
  for (; columns + 12 < end; columns += 16, weights += 64) {
    const o = load<u64>(columns), q = load<u64>(columns, 8);
    a0 = madd(v128.load32_splat(x + <u32>o), v128.load(weights), a0);
    a1 = madd(v128.load32_splat(x + <u32>(o >> 32)), v128.load(weights, 16), a1);
    a2 = madd(v128.load32_splat(x + <u32>q), v128.load(weights, 32), a2);
    a3 = madd(v128.load32_splat(x + <u32>(q >> 32)), v128.load(weights, 48), a3);
  }
  for (; columns < end; columns += 4, weights += 16) {
    a0 = madd(v128.load32_splat(x + load<u32>(columns)), v128.load(weights), a0);
  }
  a0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
  storeLanes(y, changetype<E>(0).rows(a0, y, row, e0, e1), rows);
}

/**
 * One row × four or one pixels, without SIMD; the weight of the row in a block stands every `block` bytes. Each of the columns at
 * `columns … end` is the first of `run` columns, `step` bytes apart.
 */
// @ts-ignore: decorator
@inline
export function scalarRow<E>(x: usize, y: usize, bias: usize, columns: usize, end: usize, run: i32, step: usize, weights: usize, block: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  const b = load<f32>(bias);
  for (; pixels >= 4; pixels -= 4, x += 16, y += 16) {
    let a0 = b, a1 = b, a2 = b, a3 = b;
    for (let c = columns, w = weights; c < end; c += 4) {
      let p = x + load<u32>(c);
      for (let k = run; k > 0; k--, p += step, w += block) {
        const v = load<f32>(w);
        a0 += v * load<f32>(p);
        a1 += v * load<f32>(p, 4);
        a2 += v * load<f32>(p, 8);
        a3 += v * load<f32>(p, 12);
      }
    }
    store<f32>(y, changetype<E>(0).one(a0, y, row, e0, e1));
    store<f32>(y, changetype<E>(0).one(a1, y + 4, row, e0, e1), 4);
    store<f32>(y, changetype<E>(0).one(a2, y + 8, row, e0, e1), 8);
    store<f32>(y, changetype<E>(0).one(a3, y + 12, row, e0, e1), 12);
  }
  for (; pixels > 0; pixels--, x += 4, y += 4) {
    let a = b;
    for (let c = columns, w = weights; c < end; c += 4) {
      let p = x + load<u32>(c);
      for (let k = run; k > 0; k--, p += step, w += block) a += load<f32>(w) * load<f32>(p);
    }
    store<f32>(y, changetype<E>(0).one(a, y, row, e0, e1));
  }
}
