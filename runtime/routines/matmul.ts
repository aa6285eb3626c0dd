/** Four neighbouring columns of one row of a · b. */
// @ts-ignore: decorator
@inline
function columns4(a: usize, b: usize, y: usize, k: i32, ak: usize, bk: usize): void {
  let sum = f32x4.splat(0);
  for (let i = 0; i < k; i++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(a), v128.load(b)));
    a += ak;
    b += bk;
  }
  v128.store(y, sum);
}

/** Sixteen neighbouring columns. */
// @ts-ignore: decorator
@inline
function columns16(a: usize, b: usize, y: usize, k: i32, ak: usize, bk: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < k; i++) {
    const v = v128.load32_splat(a);
    s0 = f32x4.add(s0, f32x4.mul(v, v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v, v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v, v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v, v128.load(b, 48)));
    a += ak;
    b += bk;
  }
  v128.store(y, s0);
  v128.store(y, s1, 16);
  v128.store(y, s2, 32);
  v128.store(y, s3, 48);
}

/** Dot product of two contiguous rows. */
// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, k: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let i = 0;
  for (; i + 8 <= k; i += 8) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    a += 32;
    b += 32;
  }
  s0 = f32x4.add(s0, s1);
  let sum = (f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1)) + (f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3));
  for (; i < k; i++) {
    sum += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return sum;
}

/**
 * y[p, q] = a[p, q] · b[p, q]: p × q products of m × k and k × n. Strides are in elements, per outer batch, inner batch, row
 * and column; y is row-major. `at` is the first element of a and b.
 */
export function matmul(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, m: i32, n: i32, k: i32,
  aAt: i32, aOuter: i32, aInner: i32, aRow: i32, aCol: i32,
  bAt: i32, bOuter: i32, bInner: i32, bRow: i32, bCol: i32,
): void {
  const ak = <usize>(aCol << 2);
  const bk = <usize>(bRow << 2);
  for (let p = 0; p < outer; p++) {
    for (let q = 0; q < inner; q++) {
      const left = a + <usize>((aAt + p * aOuter + q * aInner) << 2);
      const right = b + <usize>((bAt + p * bOuter + q * bInner) << 2);
      for (let i = 0; i < m; i++) {
        const row = left + <usize>((i * aRow) << 2);
        let j = 0;
        if (ASC_FEATURE_SIMD) {
          if (bCol == 1) {
            for (; j + 16 <= n; j += 16) columns16(row, right + (<usize>j << 2), y + (<usize>j << 2), k, ak, bk);
            for (; j + 4 <= n; j += 4) columns4(row, right + (<usize>j << 2), y + (<usize>j << 2), k, ak, bk);
          } else if (aCol == 1 && bRow == 1) {
            for (; j < n; j++) store<f32>(y + (<usize>j << 2), dot(row, right + <usize>((j * bCol) << 2), k));
          }
        }
        for (; j < n; j++) {
          let from = row;
          let to = right + <usize>((j * bCol) << 2);
          let sum: f32 = 0;
          for (let t = 0; t < k; t++) {
            sum += load<f32>(from) * load<f32>(to);
            from += ak;
            to += bk;
          }
          store<f32>(y + (<usize>j << 2), sum);
        }
        y += <usize>n << 2;
      }
    }
  }
}
