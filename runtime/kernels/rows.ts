import { madd, put } from './simd';

/**
 * What the kernels of sparse rows share. Entries lie as formats have them: `C` is u32 where the byte offset of a column lies beside its weight
 * (`csr`), u16 where steps in floats, each from the column before, lie apart from the weights (`csr16`).
 *
 * A tile of pixels stays in registers while all entries of a row pass by; a row walks over the tiles of a swath before the next row does.
 *
 * V8 hoists the loads of a basic block above its arithmetic: one that multiplies n vectors takes n registers beside the weight and the sums of
 * the tile. Breaks that are never taken, for nothing lies at such low addresses, keep entries, and in wide tiles every two vectors, in blocks
 * of their own: 12 sums, two vectors and the weight are the 15 registers that there are.
 */
// @ts-ignore: decorator
@inline
export function sparseRows<E, C>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, weights: usize, rows: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  if (ASC_FEATURE_SIMD) {
    if (pixels <= 16) {
      fewPixels<E, C>(x, y, bias, counts, entries, weights, rows, pixels, yRow, e0, e1);
      return;
    }
    while (pixels > 0) {
      const now = pixels <= swath + 4 ? pixels : swath;
      rowsOfSwath<E, C>(x, y, bias, counts, entries, weights, rows, now, yRow, e0, e1);
      pixels -= now;
      x += <usize>now << 2;
      y += <usize>now << 2;
    }
  } else {
    for (; pixels >= 4; pixels -= 4, x += 16, y += 16) scalarTile<E, C>(4, x, y, bias, counts, entries, weights, rows, yRow, e0, e1);
    for (; pixels > 0; pixels--, x += 4, y += 4) scalarTile<E, C>(1, x, y, bias, counts, entries, weights, rows, yRow, e0, e1);
  }
}

// @ts-ignore: decorator
@inline
function entryBytes<C>(): usize {
  return sizeof<C>() == 4 ? 8 : 2;
}

/** Of a weight that doesn't lie in its entry. */
// @ts-ignore: decorator
@inline
function weightBytes<C>(): usize {
  return sizeof<C>() == 4 ? 0 : 4;
}

// @ts-ignore: decorator
@inline
function weightAt<C>(entry: usize, weight: usize): v128 {
  return sizeof<C>() == 4 ? v128.load32_splat(entry, 4) : v128.load32_splat(weight);
}

/** The pixels of an entry; `before` are those of the entry before, or x. */
// @ts-ignore: decorator
@inline
function pixelsAt<C>(x: usize, before: usize, entry: usize): usize {
  return sizeof<C>() == 4 ? x + load<u32>(entry) : before + (<usize>load<u16>(entry) << 2);
}

/**
 * Every row over some tiles of pixels, then over what is left of them. Each width is a loop of its own, some are in a function of their own:
 * fewer values are alive from row to row, and V8, which takes all code that a function's loops jump back over for executed, finds it hot as
 * late as it can.
 */
// @ts-ignore: decorator
@inline
function rowsOfSwath<E, C>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, weights: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  let left = pixels % 48;
  // One vector by itself waits for its additions: the last 52 pixels are 28 and 24.
  if (left > 0 && left <= 4 && pixels > 48) left += 48;
  const whole = pixels - left;
  if (whole > 0) {
    let from = entries, w = weights, n = counts, b = bias, to = y;
    for (let row = 0; row < rows; row++) {
      const count = <usize>load<u16>(n);
      const end = from + count * entryBytes<C>();
      for (let p: usize = 0; p < <usize>whole << 2; p += 192) tile<E, C>(12, x + p, to + p, b, from, end, w, row, 48, e0, e1);
      from = end;
      w += count * weightBytes<C>();
      n += 2;
      b += 4;
      to += yRow;
    }
  }
  x += <usize>whole << 2;
  y += <usize>whole << 2;
  if (left >= 28) {
    rowsOfTile<E, C>(7, x, y, bias, counts, entries, weights, rows, 28, yRow, e0, e1);
    left -= 28, x += 112, y += 112;
  }
  if (left > 16) {
    rowsOfTile<E, C>(6, x, y, bias, counts, entries, weights, rows, left, yRow, e0, e1);
    left -= 24, x += 96, y += 96;
  }
  if (left > 0) fewPixels<E, C>(x, y, bias, counts, entries, weights, rows, left, yRow, e0, e1);
}

/** Every row over 16 pixels at most. */
function fewPixels<E, C>(x: usize, y: usize, bias: usize, counts: usize, entries: usize, weights: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  if (pixels > 4) rowsOfTile<E, C>(4, x, y, bias, counts, entries, weights, rows, pixels, yRow, e0, e1);
  else rowsOfTile<E, C>(1, x, y, bias, counts, entries, weights, rows, pixels, yRow, e0, e1);
}

// @ts-ignore: decorator
@inline
function rowsOfTile<E, C>(n: i32, x: usize, y: usize, bias: usize, counts: usize, entries: usize, weights: usize, rows: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const count = <usize>load<u16>(counts);
    const end = entries + count * entryBytes<C>();
    if (n > 1) tile<E, C>(n, x, y, bias, entries, end, weights, row, pixels, e0, e1);
    else vector<E, C>(x, y, bias, entries, end, weights, row, pixels, e0, e1);
    entries = end;
    weights += count * weightBytes<C>();
    counts += 2;
    bias += 4;
    y += yRow;
  }
}

/** 4·`n` pixels of a row, n = 4, 6, 7 or 12: more than 4·`n` - 12 for n = 4, than 4·`n` - 8 for n = 6, else all of them exist. */
// @ts-ignore: decorator
@inline
function tile<E, C>(n: i32, x: usize, y: usize, bias: usize, entries: usize, end: usize, weights: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  let a0 = v128.load32_splat(bias);
  let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0, a11 = a0;
  let p = x;
  while (entries < end) {
    let w = weightAt<C>(entries, weights);
    p = pixelsAt<C>(x, p, entries);
    entries += entryBytes<C>();
    weights += weightBytes<C>();
    a0 = madd(w, v128.load(p), a0);
    a1 = madd(w, v128.load(p, 16), a1);
    if (n > 7 && p == 1) break;
    a2 = madd(w, v128.load(p, 32), a2);
    a3 = madd(w, v128.load(p, 48), a3);
    if (n > 7 && p == 2) break;
    if (n > 4) {
      a4 = madd(w, v128.load(p, 64), a4);
      a5 = madd(w, v128.load(p, 80), a5);
    }
    if (n > 7 && p == 3) break;
    if (n > 6) a6 = madd(w, v128.load(p, 96), a6);
    if (n > 7) {
      a7 = madd(w, v128.load(p, 112), a7);
      if (p == 4) break;
      a8 = madd(w, v128.load(p, 128), a8);
      a9 = madd(w, v128.load(p, 144), a9);
      if (p == 5) break;
      a10 = madd(w, v128.load(p, 160), a10);
      a11 = madd(w, v128.load(p, 176), a11);
    }
    // Two entries a turn, where that is faster.
    if (n == 4 || n == 12) {
      if (entries >= end) break;
      w = weightAt<C>(entries, weights);
      p = pixelsAt<C>(x, p, entries);
      entries += entryBytes<C>();
      weights += weightBytes<C>();
      a0 = madd(w, v128.load(p), a0);
      a1 = madd(w, v128.load(p, 16), a1);
      if (n > 7 && p == 1) break;
      a2 = madd(w, v128.load(p, 32), a2);
      a3 = madd(w, v128.load(p, 48), a3);
      if (n > 7) {
        if (p == 2) break;
        a4 = madd(w, v128.load(p, 64), a4);
        a5 = madd(w, v128.load(p, 80), a5);
        if (p == 3) break;
        a6 = madd(w, v128.load(p, 96), a6);
        a7 = madd(w, v128.load(p, 112), a7);
        if (p == 4) break;
        a8 = madd(w, v128.load(p, 128), a8);
        a9 = madd(w, v128.load(p, 144), a9);
        if (p == 5) break;
        a10 = madd(w, v128.load(p, 160), a10);
        a11 = madd(w, v128.load(p, 176), a11);
      }
    }
  }
  v128.store(y, changetype<E>(0).pixels(a0, y, row, e0, e1));
  if (n == 4) {
    put<E>(a1, y + 16, row, e0, e1, pixels - 4);
    put<E>(a2, y + 32, row, e0, e1, pixels - 8);
    put<E>(a3, y + 48, row, e0, e1, pixels - 12);
  } else {
    v128.store(y, changetype<E>(0).pixels(a1, y + 16, row, e0, e1), 16);
    v128.store(y, changetype<E>(0).pixels(a2, y + 32, row, e0, e1), 32);
    v128.store(y, changetype<E>(0).pixels(a3, y + 48, row, e0, e1), 48);
  }
  if (n == 6) {
    put<E>(a4, y + 64, row, e0, e1, pixels - 16);
    put<E>(a5, y + 80, row, e0, e1, pixels - 20);
  }
  if (n > 6) {
    v128.store(y, changetype<E>(0).pixels(a4, y + 64, row, e0, e1), 64);
    v128.store(y, changetype<E>(0).pixels(a5, y + 80, row, e0, e1), 80);
    v128.store(y, changetype<E>(0).pixels(a6, y + 96, row, e0, e1), 96);
  }
  if (n > 7) {
    v128.store(y, changetype<E>(0).pixels(a7, y + 112, row, e0, e1), 112);
    v128.store(y, changetype<E>(0).pixels(a8, y + 128, row, e0, e1), 128);
    v128.store(y, changetype<E>(0).pixels(a9, y + 144, row, e0, e1), 144);
    v128.store(y, changetype<E>(0).pixels(a10, y + 160, row, e0, e1), 160);
    v128.store(y, changetype<E>(0).pixels(a11, y + 176, row, e0, e1), 176);
  }
}

/** Four pixels of a row, or fewer. One sum would wait for each addition. */
// @ts-ignore: decorator
@inline
function vector<E, C>(x: usize, y: usize, bias: usize, entries: usize, end: usize, weights: usize, row: usize, pixels: i32, e0: usize, e1: usize): void {
  const entry = entryBytes<C>(), weight = weightBytes<C>();
  let a0 = v128.load32_splat(bias);
  let a1 = f32x4.splat(0), a2 = a1, a3 = a1;
  let p = x;
  for (; entries + 3 * entry < end; entries += 4 * entry, weights += 4 * weight) {
    p = pixelsAt<C>(x, p, entries);
    a0 = madd(weightAt<C>(entries, weights), v128.load(p), a0);
    p = pixelsAt<C>(x, p, entries + entry);
    a1 = madd(weightAt<C>(entries + entry, weights + weight), v128.load(p), a1);
    p = pixelsAt<C>(x, p, entries + 2 * entry);
    a2 = madd(weightAt<C>(entries + 2 * entry, weights + 2 * weight), v128.load(p), a2);
    p = pixelsAt<C>(x, p, entries + 3 * entry);
    a3 = madd(weightAt<C>(entries + 3 * entry, weights + 3 * weight), v128.load(p), a3);
  }
  for (; entries < end; entries += entry, weights += weight) {
    p = pixelsAt<C>(x, p, entries);
    a0 = madd(weightAt<C>(entries, weights), v128.load(p), a0);
  }
  put<E>(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), y, row, e0, e1, pixels);
}

/** `n` pixels of every row, 4 or 1. */
// @ts-ignore: decorator
@inline
function scalarTile<E, C>(n: i32, x: usize, y: usize, bias: usize, counts: usize, entries: usize, weights: usize, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let row = 0; row < rows; row++) {
    const end = entries + <usize>load<u16>(counts) * entryBytes<C>();
    let a0 = load<f32>(bias);
    let a1 = a0, a2 = a0, a3 = a0;
    for (let p = x; entries < end; entries += entryBytes<C>(), weights += weightBytes<C>()) {
      const w = sizeof<C>() == 4 ? load<f32>(entries, 4) : load<f32>(weights);
      p = pixelsAt<C>(x, p, entries);
      a0 += w * load<f32>(p);
      if (n > 1) {
        a1 += w * load<f32>(p, 4);
        a2 += w * load<f32>(p, 8);
        a3 += w * load<f32>(p, 12);
      }
    }
    store<f32>(y, changetype<E>(0).one(a0, y, row, e0, e1));
    if (n > 1) {
      store<f32>(y, changetype<E>(0).one(a1, y + 4, row, e0, e1), 4);
      store<f32>(y, changetype<E>(0).one(a2, y + 8, row, e0, e1), 8);
      store<f32>(y, changetype<E>(0).one(a3, y + 12, row, e0, e1), 12);
    }
    counts += 2;
    bias += 4;
    y += yRow;
  }
}
