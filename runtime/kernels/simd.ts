/** a·b + c: fused where the build allows it, else rounded twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(c, f32x4.mul(a, b));
}

/** Stores the first `count` lanes: none where it is not positive, all four where it is four or more. */
// @ts-ignore: decorator
@inline
export function storeLanes(at: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(at, v);
  else storeFew(at, v, count);
}

/** A function of its own, so that kernels stay small. */
function storeFew(at: usize, v: v128, count: i32): void {
  if (count == 3) {
    v128.store64_lane(at, v, 0);
    v128.store32_lane(at, v, 2, 8);
  } else if (count == 2) v128.store64_lane(at, v, 0);
  else if (count == 1) v128.store32_lane(at, v, 0);
}

/** The epilogue of up to four neighbouring pixels, of which `count` exist; operands are read for all four. */
// @ts-ignore: decorator
@inline
export function put<E>(v: v128, at: usize, row: usize, e0: usize, e1: usize, count: i32): void {
  storeLanes(at, changetype<E>(0).pixels(v, at, row, e0, e1), count);
}
