import { madd, storeLanes } from './simd';

/**
 * One pixel, from weights by column: columns of inputs that are zero (of either sign) are passed over, so a weight there counts as
 * zero whatever it is; inputs that are NaN or infinite are multiplied as anywhere. Sums grow in y, four columns at a time, before the
 * epilogue sees them: no operand of it may lie there. `runs` as in `dense.ts`.
 */
export function f32_linear_columns_4x1<E>(x: usize, y: usize, bias: usize, runs: usize, weights: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  const run = load<u32>(runs), step = load<u32>(runs, 4);
  let first = runs + 8;
  const end = first + ((<u32>cols / run) << 2);
  const pitch = <usize>((rows + 3) & ~3) << 2;
  memory.copy(y, bias, <usize>rows << 2);
  if (ASC_FEATURE_SIMD) {
    const whole = <usize>(rows & ~3) << 2;
    let last = v128.load(bias + whole);
    let p0: usize = 0, p1: usize = 0, p2: usize = 0;
    let x0: f32 = 0, x1: f32 = 0, x2: f32 = 0;
    for (let n = 0; first < end; first += 4) {
      let p = x + load<u32>(first);
      for (let k: u32 = 0; k < run; k++, p += step, weights += pitch) {
        const x3 = load<f32>(p);
        if (x3 == 0) continue;
        if (n == 3) {
          last = addColumns(y, whole, p0, p1, p2, weights, x0, x1, x2, x3, last);
          x0 = 0, x1 = 0, x2 = 0;
          n = 0;
        } else {
          p0 = p1, p1 = p2, p2 = weights;
          x0 = x1, x1 = x2, x2 = x3;
          n++;
        }
      }
    }
    // Those that no fourth joined; where there are fewer than three, x0 and then x1 are zero.
    if (x2 != 0) last = addColumn(y, whole, p2, x2, last);
    if (x1 != 0) last = addColumn(y, whole, p1, x1, last);
    if (x0 != 0) last = addColumn(y, whole, p0, x0, last);
    let row = 0;
    for (; row + 4 <= rows; row += 4, y += 16) v128.store(y, changetype<E>(0).rows(v128.load(y), y, row, e0, e1));
    if (row < rows) storeLanes(y, changetype<E>(0).rows(last, y, row, e0, e1), rows - row);
  } else {
    for (; first < end; first += 4) {
      let p = x + load<u32>(first);
      for (let k: u32 = 0; k < run; k++, p += step, weights += pitch) {
        const v = load<f32>(p);
        if (v == 0) continue;
        for (let at = <usize>0; at < <usize>rows << 2; at += 4) store<f32>(y + at, load<f32>(y + at) + v * load<f32>(weights + at));
      }
    }
    for (let row = 0; row < rows; row++, y += 4) store<f32>(y, changetype<E>(0).one(load<f32>(y), y, row, e0, e1));
  }
}

/** Adds four columns to the first `whole` bytes of y; answers the vector behind them, which may not exist whole, with theirs added. */
// @ts-ignore: decorator
@inline
function addColumns(y: usize, whole: usize, p0: usize, p1: usize, p2: usize, p3: usize, x0: f32, x1: f32, x2: f32, x3: f32, last: v128): v128 {
  const v0 = f32x4.splat(x0), v1 = f32x4.splat(x1), v2 = f32x4.splat(x2), v3 = f32x4.splat(x3);
  const end = y + whole;
  for (; y < end; y += 16, p0 += 16, p1 += 16, p2 += 16, p3 += 16) {
    v128.store(y, madd(v3, v128.load(p3), madd(v2, v128.load(p2), madd(v1, v128.load(p1), madd(v0, v128.load(p0), v128.load(y))))));
  }
  return madd(v3, v128.load(p3), madd(v2, v128.load(p2), madd(v1, v128.load(p1), madd(v0, v128.load(p0), last))));
}

// @ts-ignore: decorator
@inline
function addColumn(y: usize, whole: usize, p: usize, x: f32, last: v128): v128 {
  const v = f32x4.splat(x);
  const end = y + whole;
  for (; y < end; y += 16, p += 16) v128.store(y, madd(v, v128.load(p), v128.load(y)));
  return madd(v, v128.load(p), last);
}
