import { madd, put } from './simd';

/** `linear` over compressed sparse rows whose entries name their distance, in floats, from the one before. */
export function f32_linear_csr16_1x28<E>(x: usize, y: usize, bias: usize, counts: usize, steps: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  while (pixels > 0) {
    const tile = ASC_FEATURE_SIMD ? (pixels > 16 ? 28 : pixels > 4 ? 16 : 4) : pixels >= 4 ? 4 : 1;
    let c = counts, s = steps, w = weights, b = bias, to = y;
    for (let row = 0; row < rows; row++) {
      const end = s + (<usize>load<u16>(c) << 1);
      if (ASC_FEATURE_SIMD) {
        if (tile == 28) vectors<E>(7, x, to, b, s, end, w, row, pixels, e0, e1);
        else if (tile == 16) vectors<E>(4, x, to, b, s, end, w, row, pixels, e0, e1);
        else vectors<E>(1, x, to, b, s, end, w, row, pixels, e0, e1);
      } else if (tile == 4) scalars<E>(4, x, to, b, s, end, w, row, e0, e1);
      else scalars<E>(1, x, to, b, s, end, w, row, e0, e1);
      w += (end - s) << 1;
      s = end;
      c += 2;
      b += 4;
      to += yRow;
    }
    pixels -= tile;
    x += <usize>tile << 2;
    y += <usize>tile << 2;
  }
}

/** 4·`n` pixels of a row. The `break` keeps two entries in basic blocks of their own, whose loads V8 hoists. */
// @ts-ignore: decorator
@inline
function vectors<E>(n: i32, x: usize, y: usize, bias: usize, steps: usize, end: usize, weights: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
  while (steps < end) {
    x += <usize>load<u16>(steps) << 2;
    let w = v128.load32_splat(weights);
    steps += 2;
    weights += 4;
    a0 = madd(w, v128.load(x), a0);
    if (n > 1) a1 = madd(w, v128.load(x, 16), a1);
    if (n > 2) a2 = madd(w, v128.load(x, 32), a2);
    if (n > 3) a3 = madd(w, v128.load(x, 48), a3);
    if (n > 4) a4 = madd(w, v128.load(x, 64), a4);
    if (n > 5) a5 = madd(w, v128.load(x, 80), a5);
    if (n > 6) a6 = madd(w, v128.load(x, 96), a6);
    if (steps >= end) break;
    x += <usize>load<u16>(steps) << 2;
    w = v128.load32_splat(weights);
    steps += 2;
    weights += 4;
    a0 = madd(w, v128.load(x), a0);
    if (n > 1) a1 = madd(w, v128.load(x, 16), a1);
    if (n > 2) a2 = madd(w, v128.load(x, 32), a2);
    if (n > 3) a3 = madd(w, v128.load(x, 48), a3);
    if (n > 4) a4 = madd(w, v128.load(x, 64), a4);
    if (n > 5) a5 = madd(w, v128.load(x, 80), a5);
    if (n > 6) a6 = madd(w, v128.load(x, 96), a6);
  }
  put<E>(a0, y, row, e0, e1, pixels);
  if (n > 1) put<E>(a1, y + 16, row, e0, e1, pixels - 4);
  if (n > 2) put<E>(a2, y + 32, row, e0, e1, pixels - 8);
  if (n > 3) put<E>(a3, y + 48, row, e0, e1, pixels - 12);
  if (n > 4) put<E>(a4, y + 64, row, e0, e1, pixels - 16);
  if (n > 5) put<E>(a5, y + 80, row, e0, e1, pixels - 20);
  if (n > 6) put<E>(a6, y + 96, row, e0, e1, pixels - 24);
}

// @ts-ignore: decorator
@inline
function scalars<E>(n: i32, x: usize, y: usize, bias: usize, steps: usize, end: usize, weights: usize, row: usize, e0: usize, e1: usize): void {
  let a0 = load<f32>(bias);
  let a1 = a0, a2 = a0, a3 = a0;
  for (; steps < end; steps += 2, weights += 4) {
    x += <usize>load<u16>(steps) << 2;
    const w = load<f32>(weights);
    a0 += w * load<f32>(x);
    if (n > 1) {
      a1 += w * load<f32>(x, 4);
      a2 += w * load<f32>(x, 8);
      a3 += w * load<f32>(x, 12);
    }
  }
  store<f32>(y, changetype<E>(0).one(a0, y, row, e0, e1));
  if (n > 1) {
    store<f32>(y, changetype<E>(0).one(a1, y + 4, row, e0, e1), 4);
    store<f32>(y, changetype<E>(0).one(a2, y + 8, row, e0, e1), 8);
    store<f32>(y, changetype<E>(0).one(a3, y + 12, row, e0, e1), 12);
  }
}
