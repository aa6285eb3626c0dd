import { sparseRows } from './rows';
import { madd, put } from './simd';

/** `linear` over compressed sparse rows. */
export function f32_linear_csr_1x48<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  sparseRows<E, u32>(x, y, bias, counts, entries, 0, rows, pixels, swath, yRow, e0, e1);
}

/** Lines of five to eight pixels, four of them at a time: a tile of `csr_1x48` would fall on the gaps between them. */
export function f32_linear_csr_1x32<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, cols: i32, pixels: i32, width: i32, pitch: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    const line = <usize>pitch << 2;
    while (pixels > 0) {
      const few = pixels > 3 * pitch ? 4 : pixels > pitch ? 2 : 1;
      let end = entries, from = entries, n = counts, b = bias, to = y;
      for (let row = 0; row < rows; row++) {
        end += <usize>load<u16>(n) << 3;
        if (few == 4) lines<E>(4, x, to, line, b, from, end, row, width, e0, e1);
        else if (few == 2) lines<E>(2, x, to, line, b, from, end, row, width, e0, e1);
        else lines<E>(1, x, to, line, b, from, end, row, width, e0, e1);
        from = end;
        n += 2;
        b += 4;
        to += yRow;
      }
      pixels -= few * pitch;
      x += few * line;
      y += few * line;
    }
  }
}

/** One dot product per row. */
export function f32_linear_csr_1x1<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const end = entries + (<usize>load<u16>(counts) << 3);
    let a0 = load<f32>(bias);
    let a1: f32 = 0, a2: f32 = 0, a3: f32 = 0;
    for (; entries + 24 < end; entries += 32) {
      a0 += load<f32>(entries, 4) * load<f32>(x + load<u32>(entries));
      a1 += load<f32>(entries, 12) * load<f32>(x + load<u32>(entries, 8));
      a2 += load<f32>(entries, 20) * load<f32>(x + load<u32>(entries, 16));
      a3 += load<f32>(entries, 28) * load<f32>(x + load<u32>(entries, 24));
    }
    for (; entries < end; entries += 8) a0 += load<f32>(entries, 4) * load<f32>(x + load<u32>(entries));
    store<f32>(y, changetype<E>(0).one(a0 + a1 + (a2 + a3), y, row, e0, e1));
    counts += 2;
    bias += 4;
    y += yRow;
  }
}

/** Two vectors of each of `n` lines: 1, 2 or 4. */
// @ts-ignore: decorator
@inline
function lines<E>(n: i32, x: usize, y: usize, line: usize, bias: usize, entries: usize, end: usize, row: usize, width: i32, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  while (entries < end) {
    let w = v128.load32_splat(entries, 4);
    let p = x + load<u32>(entries);
    entries += 8;
    a0 = madd(w, v128.load(p), a0);
    a1 = madd(w, v128.load(p, 16), a1);
    if (n > 1) {
      if (n > 2 && p == 1) break;
      p += line;
      b0 = madd(w, v128.load(p), b0);
      b1 = madd(w, v128.load(p, 16), b1);
    }
    if (n > 2) {
      if (p == 2) break;
      p += line;
      c0 = madd(w, v128.load(p), c0);
      c1 = madd(w, v128.load(p, 16), c1);
      if (p == 3) break;
      p += line;
      d0 = madd(w, v128.load(p), d0);
      d1 = madd(w, v128.load(p, 16), d1);
    }
    if (entries >= end) break;
    w = v128.load32_splat(entries, 4);
    p = x + load<u32>(entries);
    entries += 8;
    a0 = madd(w, v128.load(p), a0);
    a1 = madd(w, v128.load(p, 16), a1);
    if (n > 1) {
      if (n > 2 && p == 1) break;
      p += line;
      b0 = madd(w, v128.load(p), b0);
      b1 = madd(w, v128.load(p, 16), b1);
    }
    if (n > 2) {
      if (p == 2) break;
      p += line;
      c0 = madd(w, v128.load(p), c0);
      c1 = madd(w, v128.load(p, 16), c1);
      if (p == 3) break;
      p += line;
      d0 = madd(w, v128.load(p), d0);
      d1 = madd(w, v128.load(p, 16), d1);
    }
  }
  put<E>(a0, y, row, e0, e1, 4);
  put<E>(a1, y + 16, row, e0, e1, width - 4);
  if (n > 1) {
    y += line;
    put<E>(b0, y, row, e0, e1, 4);
    put<E>(b1, y + 16, row, e0, e1, width - 4);
  }
  if (n > 2) {
    y += line;
    put<E>(c0, y, row, e0, e1, 4);
    put<E>(c1, y + 16, row, e0, e1, width - 4);
    y += line;
    put<E>(d0, y, row, e0, e1, 4);
    put<E>(d1, y + 16, row, e0, e1, width - 4);
  }
}
