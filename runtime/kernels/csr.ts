import { madd, put } from './simd';

/**
 * `linear` over compressed sparse rows. A tile of pixels stays in registers while all entries of a row pass by; a row walks over the tiles
 * of a swath before the next row does.
 *
 * V8 hoists the loads of a basic block above its arithmetic: one that multiplies n vectors takes n registers beside the weight and the sums of
 * the tile. Breaks that are never taken, for nothing lies at such low addresses, keep entries, and in wide tiles every two vectors, in blocks
 * of their own: 12 sums, two vectors and the weight are the 15 registers that there are.
 */
export function f32_linear_csr_1x48<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    if (pixels <= 16) {
      fewPixels<E>(x, y, bias, counts, entries, rows, pixels, yRow, e0, e1);
      return;
    }
    for (; pixels > 0; pixels -= swath, x += <usize>swath << 2, y += <usize>swath << 2) {
      rowsOfSwath<E>(x, y, bias, counts, entries, rows, min<i32>(pixels, swath), yRow, e0, e1);
    }
  } else {
    while (pixels >= 4) {
      scalarTile<E>(4, x, y, bias, counts, entries, rows, yRow, e0, e1);
      x += 16;
      y += 16;
      pixels -= 4;
    }
    while (pixels > 0) {
      scalarTile<E>(1, x, y, bias, counts, entries, rows, yRow, e0, e1);
      x += 4;
      y += 4;
      pixels--;
    }
  }
}

/**
 * Every row over some tiles of pixels, then over what is left of them. Each width is a loop of its own, some are in a function of their own:
 * fewer values are alive from row to row, and V8, which takes all code that a function's loops jump back over for executed, finds it hot as
 * late as it can.
 */
// @ts-ignore: decorator
@inline
function rowsOfSwath<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  let left = pixels % 48;
  const whole = pixels - left;
  if (whole > 0) {
    let from = entries, n = counts, b = bias, to = y;
    for (let row = 0; row < rows; row++) {
      const end = from + (<usize>load<u16>(n) << 3);
      for (let p: usize = 0; p < <usize>whole << 2; p += 192) tile<E>(12, x + p, to + p, b, from, end, row, 48, e0, e1);
      from = end;
      n += 2;
      b += 4;
      to += yRow;
    }
  }
  x += <usize>whole << 2;
  y += <usize>whole << 2;
  if (left >= 28) {
    rowsOfTile<E>(7, x, y, bias, counts, entries, rows, 28, yRow, e0, e1);
    left -= 28, x += 112, y += 112;
  }
  if (left > 16) {
    rowsOfTile<E>(6, x, y, bias, counts, entries, rows, left, yRow, e0, e1);
    left -= 24, x += 96, y += 96;
  }
  if (left > 0) fewPixels<E>(x, y, bias, counts, entries, rows, left, yRow, e0, e1);
}

/** Every row over 16 pixels at most. */
function fewPixels<E>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  if (pixels > 4) rowsOfTile<E>(4, x, y, bias, counts, entries, rows, pixels, yRow, e0, e1);
  else rowsOfTile<E>(1, x, y, bias, counts, entries, rows, pixels, yRow, e0, e1);
}

// @ts-ignore: decorator
@inline
function rowsOfTile<E>(n: i32, x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const end = entries + (<usize>load<u16>(counts) << 3);
    if (n > 1) tile<E>(n, x, y, bias, entries, end, row, pixels, e0, e1);
    else vector<E>(x, y, bias, entries, end, row, pixels, e0, e1);
    entries = end;
    counts += 2;
    bias += 4;
    y += yRow;
  }
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

/** 4·`n` pixels of a row, n = 4, 6, 7 or 12; all of them exist where `n` is 7 or 12. */
// @ts-ignore: decorator
@inline
function tile<E>(n: i32, x: usize, y: usize, bias: usize, entries: usize, end: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0, a11 = a0;
  while (entries < end) {
    let w = v128.load32_splat(entries, 4);
    let p = x + load<u32>(entries);
    entries += 8;
    a0 = madd(w, v128.load(p), a0);
    a1 = madd(w, v128.load(p, 16), a1);
    if (n > 7 && p == 1) break;
    a2 = madd(w, v128.load(p, 32), a2);
    a3 = madd(w, v128.load(p, 48), a3);
    if (n > 7 && p == 2) break;
    if (n > 4) a4 = madd(w, v128.load(p, 64), a4);
    if (n > 5) a5 = madd(w, v128.load(p, 80), a5);
    if (n > 7 && p == 3) break;
    if (n > 6) a6 = madd(w, v128.load(p, 96), a6);
    if (n > 7) a7 = madd(w, v128.load(p, 112), a7);
    if (n > 8) {
      if (p == 4) break;
      a8 = madd(w, v128.load(p, 128), a8);
      a9 = madd(w, v128.load(p, 144), a9);
      if (p == 5) break;
      a10 = madd(w, v128.load(p, 160), a10);
      a11 = madd(w, v128.load(p, 176), a11);
    }
    if (entries >= end) break;
    w = v128.load32_splat(entries, 4);
    p = x + load<u32>(entries);
    entries += 8;
    a0 = madd(w, v128.load(p), a0);
    a1 = madd(w, v128.load(p, 16), a1);
    if (n > 7 && p == 1) break;
    a2 = madd(w, v128.load(p, 32), a2);
    a3 = madd(w, v128.load(p, 48), a3);
    if (n > 7 && p == 2) break;
    if (n > 4) a4 = madd(w, v128.load(p, 64), a4);
    if (n > 5) a5 = madd(w, v128.load(p, 80), a5);
    if (n > 7 && p == 3) break;
    if (n > 6) a6 = madd(w, v128.load(p, 96), a6);
    if (n > 7) a7 = madd(w, v128.load(p, 112), a7);
    if (n > 8) {
      if (p == 4) break;
      a8 = madd(w, v128.load(p, 128), a8);
      a9 = madd(w, v128.load(p, 144), a9);
      if (p == 5) break;
      a10 = madd(w, v128.load(p, 160), a10);
      a11 = madd(w, v128.load(p, 176), a11);
    }
  }
  if (n >= 7) {
    // Whole tiles, most of all: nothing to check.
    v128.store(y, changetype<E>(0).pixels(a0, y, row, e0, e1));
    v128.store(y, changetype<E>(0).pixels(a1, y + 16, row, e0, e1), 16);
    v128.store(y, changetype<E>(0).pixels(a2, y + 32, row, e0, e1), 32);
    v128.store(y, changetype<E>(0).pixels(a3, y + 48, row, e0, e1), 48);
    v128.store(y, changetype<E>(0).pixels(a4, y + 64, row, e0, e1), 64);
    v128.store(y, changetype<E>(0).pixels(a5, y + 80, row, e0, e1), 80);
    v128.store(y, changetype<E>(0).pixels(a6, y + 96, row, e0, e1), 96);
    if (n > 7) {
      v128.store(y, changetype<E>(0).pixels(a7, y + 112, row, e0, e1), 112);
      v128.store(y, changetype<E>(0).pixels(a8, y + 128, row, e0, e1), 128);
      v128.store(y, changetype<E>(0).pixels(a9, y + 144, row, e0, e1), 144);
      v128.store(y, changetype<E>(0).pixels(a10, y + 160, row, e0, e1), 160);
      v128.store(y, changetype<E>(0).pixels(a11, y + 176, row, e0, e1), 176);
    }
  } else {
    put<E>(a0, y, row, e0, e1, pixels);
    put<E>(a1, y + 16, row, e0, e1, pixels - 4);
    put<E>(a2, y + 32, row, e0, e1, pixels - 8);
    put<E>(a3, y + 48, row, e0, e1, pixels - 12);
    if (n > 4) put<E>(a4, y + 64, row, e0, e1, pixels - 16);
    if (n > 4) put<E>(a5, y + 80, row, e0, e1, pixels - 20);
  }
}

/** Four pixels of a row, or fewer. One sum would wait for each addition. */
// @ts-ignore: decorator
@inline
function vector<E>(x: usize, y: usize, bias: usize, entries: usize, end: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let a1 = f32x4.splat(0), a2 = a1, a3 = a1;
  for (; entries + 24 < end; entries += 32) {
    a0 = madd(v128.load32_splat(entries, 4), v128.load(x + load<u32>(entries)), a0);
    a1 = madd(v128.load32_splat(entries, 12), v128.load(x + load<u32>(entries, 8)), a1);
    a2 = madd(v128.load32_splat(entries, 20), v128.load(x + load<u32>(entries, 16)), a2);
    a3 = madd(v128.load32_splat(entries, 28), v128.load(x + load<u32>(entries, 24)), a3);
  }
  for (; entries < end; entries += 8) a0 = madd(v128.load32_splat(entries, 4), v128.load(x + load<u32>(entries)), a0);
  put<E>(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), y, row, e0, e1, pixels);
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

// @ts-ignore: decorator
@inline
function scalarTile<E>(n: i32, x: usize, y: usize, bias: usize, counts: usize, entries: usize, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const end = entries + (<usize>load<u16>(counts) << 3);
    let a0 = load<f32>(bias);
    let a1 = a0, a2 = a0, a3 = a0;
    for (; entries < end; entries += 8) {
      const w = load<f32>(entries, 4);
      const p = x + load<u32>(entries);
      a0 += w * load<f32>(p);
      if (n > 1) a1 += w * load<f32>(p, 4);
      if (n > 2) a2 += w * load<f32>(p, 8);
      if (n > 3) a3 += w * load<f32>(p, 12);
    }
    store<f32>(y, changetype<E>(0).one(a0, y, row, e0, e1));
    if (n > 1) store<f32>(y, changetype<E>(0).one(a1, y + 4, row, e0, e1), 4);
    if (n > 2) store<f32>(y, changetype<E>(0).one(a2, y + 8, row, e0, e1), 8);
    if (n > 3) store<f32>(y, changetype<E>(0).one(a3, y + 12, row, e0, e1), 12);
    counts += 2;
    bias += 4;
    y += yRow;
  }
}
