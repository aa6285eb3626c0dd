/**
 * Arithmetic on f32 lanes, one or four: `T` is f32 or v128. What is written once over these functions gives the same bits in the
 * scalar and in the SIMD build.
 */

/** `c` in every lane. */
// @ts-ignore: decorator
@inline
export function all<T>(c: f32): T {
  if (isVector<T>()) return f32x4.splat(c);
  else return <T>c;
}

// @ts-ignore: decorator
@inline
export function add<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(a, b);
  else return <T>(a + b);
}

// @ts-ignore: decorator
@inline
export function sub<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.sub(a, b);
  else return <T>(a - b);
}

// @ts-ignore: decorator
@inline
export function mul<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.mul(a, b);
  else return <T>(a * b);
}

// @ts-ignore: decorator
@inline
export function div<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.div(a, b);
  else return <T>(a / b);
}

/** p·x + c, rounded twice: one step of Horner's scheme. */
// @ts-ignore: decorator
@inline
export function horner<T>(p: T, x: T, c: f32): T {
  return add<T>(mul<T>(p, x), all<T>(c));
}

// @ts-ignore: decorator
@inline
export function abs<T>(x: T): T {
  if (isVector<T>()) return f32x4.abs(x);
  else return f32.abs(x);
}

// @ts-ignore: decorator
@inline
export function neg<T>(x: T): T {
  if (isVector<T>()) return f32x4.neg(x);
  else return <T>-x;
}

// @ts-ignore: decorator
@inline
export function floor<T>(x: T): T {
  if (isVector<T>()) return f32x4.floor(x);
  else return f32.floor(x);
}

/** Rounds half to even. */
// @ts-ignore: decorator
@inline
export function nearest<T>(x: T): T {
  if (isVector<T>()) return f32x4.nearest(x);
  else return f32.nearest(x);
}

/** x, but not above c; NaN stays. */
// @ts-ignore: decorator
@inline
export function atMost<T>(x: T, c: T): T {
  if (isVector<T>()) return f32x4.pmin(x, c);
  else return c < x ? c : x;
}

/** x, but not below c; NaN stays. */
// @ts-ignore: decorator
@inline
export function atLeast<T>(x: T, c: T): T {
  if (isVector<T>()) return f32x4.pmax(x, c);
  else return x < c ? c : x;
}

/** a < b ? yes : no */
// @ts-ignore: decorator
@inline
export function ifLess<T>(a: T, b: T, yes: T, no: T): T {
  if (isVector<T>()) return v128.bitselect(yes, no, f32x4.lt(a, b));
  else return a < b ? yes : no;
}

/** True where |x| ≤ c in every lane. */
// @ts-ignore: decorator
@inline
export function within<T>(x: T, c: f32): bool {
  if (isVector<T>()) return i32x4.all_true(f32x4.le(f32x4.abs(x), f32x4.splat(c)));
  else return f32.abs(x) <= c;
}

/** y, but 0 where x < c. */
// @ts-ignore: decorator
@inline
export function zeroBelow<T>(c: T, x: T, y: T): T {
  if (isVector<T>()) return v128.andnot(y, f32x4.lt(x, c));
  else return x < c ? <T>0 : y;
}

/** a == b ? yes : no */
// @ts-ignore: decorator
@inline
export function ifEqual<T>(a: T, b: T, yes: T, no: T): T {
  if (isVector<T>()) return v128.bitselect(yes, no, f32x4.eq(a, b));
  else return a == b ? yes : no;
}

/** The magnitude of x with the sign of s. */
// @ts-ignore: decorator
@inline
export function withSign<T>(x: T, s: T): T {
  if (isVector<T>()) return v128.bitselect(s, x, i32x4.splat(0x80000000));
  else return f32.copysign(x, s);
}

/** 2ⁿ for whole n in -126 … 127: adding 1.5·2²³ + 127 leaves n + 127 in the low bits. */
// @ts-ignore: decorator
@inline
export function pow2<T>(n: T): T {
  const biased = add<T>(n, all<T>(12583039));
  if (isVector<T>()) return i32x4.shl(biased, 23);
  else return reinterpret<f32>(reinterpret<i32>(biased) << 23);
}

/** x·2ⁿ for whole n in -252 … 254, rounded once. */
// @ts-ignore: decorator
@inline
export function scale<T>(x: T, n: T): T {
  const half = floor<T>(mul<T>(n, all<T>(0.5)));
  return mul<T>(mul<T>(x, pow2<T>(half)), pow2<T>(sub<T>(n, half)));
}

/** k of x = 2ᵏ·m with m in √½ … √2, for normal positive x. */
// @ts-ignore: decorator
@inline
export function exponent<T>(x: T): T {
  if (isVector<T>()) {
    return f32x4.convert_i32x4_s(
      i32x4.sub(i32x4.shr_u(i32x4.add(x, i32x4.splat(0x3f800000 - 0x3f3504f3)), 23), i32x4.splat(127)),
    );
  } else return <T>(<i32>((reinterpret<u32>(x) + (0x3f800000 - 0x3f3504f3)) >> 23) - 127);
}

/** m of x = 2ᵏ·m with m in √½ … √2, for normal positive x. */
// @ts-ignore: decorator
@inline
export function significand<T>(x: T): T {
  if (isVector<T>()) {
    return i32x4.add(
      v128.and(i32x4.add(x, i32x4.splat(0x3f800000 - 0x3f3504f3)), i32x4.splat(0x7fffff)),
      i32x4.splat(0x3f3504f3),
    );
  } else return reinterpret<f32>(((reinterpret<u32>(x) + (0x3f800000 - 0x3f3504f3)) & 0x7fffff) + 0x3f3504f3);
}
