/**
 * Functions of f32 and i32, one lane (`f32_…`, `i32_…`) and four (`f32x4_…`, `i32x4_…`). Both give the same bits: most are written
 * once over `lanes.ts`, the rare ones run lane by lane. Errors are at most 2.5 ULP.
 */
import {
  abs, add, all, atLeast, atMost, div, exponent, floor, horner, ifEqual, ifLess, mul, nearest, neg, pow2, scale, significand, sub,
  within, withSign, zeroBelow,
} from './lanes';

// exp, expm1 and what is made of them -------------------------------------------------------------------------------------

/** x − n·ln 2, for |n| < 512. */
// @ts-ignore: decorator
@inline
function reduced<T>(x: T, n: T): T {
  return sub<T>(sub<T>(x, mul<T>(n, all<T>(0.693145751953125))), mul<T>(n, all<T>(1.42860677e-6)));
}

/** eʳ − 1 for |r| ≤ ½·ln 2 (Cephes expf). */
// @ts-ignore: decorator
@inline
function expm1Core<T>(r: T): T {
  let p = horner<T>(all<T>(1.9875691500e-4), r, 1.3981999507e-3);
  p = horner<T>(p, r, 8.3334519073e-3);
  p = horner<T>(p, r, 4.1665795894e-2);
  p = horner<T>(p, r, 1.6666665459e-1);
  p = horner<T>(p, r, 5.0000001201e-1);
  return add<T>(mul<T>(p, mul<T>(r, r)), r);
}

/** From here on, eˣ or e⁻ˣ comes close to what isn't normal. */
// @ts-ignore: decorator
@inline
const normal: f32 = 87;

/** eˣ for |x| ≤ `normal`. */
// @ts-ignore: decorator
@inline
function expNormal<T>(x: T): T {
  const n = nearest<T>(mul<T>(x, all<T>(1.44269504)));
  return mul<T>(add<T>(expm1Core<T>(reduced<T>(x, n)), all<T>(1)), pow2<T>(n));
}

/**
 * A function of its own, so that what calls it stays small. Where the result rounds to 0, nothing is computed: processors take many times as
 * long for what lies below the normal numbers.
 */
function expWide<T>(x: T): T {
  const least = all<T>(-104);
  const c = atMost<T>(zeroBelow<T>(least, x, x), all<T>(89));
  const n = nearest<T>(mul<T>(c, all<T>(1.44269504)));
  return zeroBelow<T>(least, x, scale<T>(add<T>(expm1Core<T>(reduced<T>(c, n)), all<T>(1)), n));
}

// @ts-ignore: decorator
@inline
function exp<T>(x: T): T {
  return within<T>(x, normal) ? expNormal<T>(x) : expWide<T>(x);
}

/** e^(−|x|), or e⁻³⁰ where x is above 30: a sum with 1 or with x doesn't see it. */
// @ts-ignore: decorator
@inline
function decay<T>(x: T): T {
  const down = neg<T>(abs<T>(x));
  return within<T>(x, normal) ? expNormal<T>(down) : expWide<T>(atLeast<T>(down, atMost<T>(x, all<T>(-30))));
}

// @ts-ignore: decorator
@inline
function expm1<T>(x: T): T {
  const c = atMost<T>(atLeast<T>(x, all<T>(-20)), all<T>(89));
  const n = nearest<T>(mul<T>(c, all<T>(1.44269504)));
  const rest = sub<T>(all<T>(1), pow2<T>(atLeast<T>(neg<T>(n), all<T>(-126))));
  return withSign<T>(scale<T>(add<T>(expm1Core<T>(reduced<T>(c, n)), rest), n), x);
}

/** With t = e^(2|x|) − 1: t / (t + 2) where that is small, 1 − 2 / (t + 2) above. */
// @ts-ignore: decorator
@inline
function tanh<T>(x: T): T {
  const c = atMost<T>(abs<T>(add<T>(x, x)), all<T>(20));
  const n = nearest<T>(mul<T>(c, all<T>(1.44269504)));
  const rest = sub<T>(all<T>(1), pow2<T>(neg<T>(n)));
  const t = mul<T>(add<T>(expm1Core<T>(reduced<T>(c, n)), rest), pow2<T>(n));
  const two = all<T>(2);
  const limit = all<T>(1.1);
  const part = div<T>(ifLess<T>(limit, c, two, t), add<T>(t, two));
  return withSign<T>(ifLess<T>(limit, c, sub<T>(all<T>(1), part), part), x);
}

/** No exponential of a positive number: nothing overflows, small results keep their bits. */
// @ts-ignore: decorator
@inline
function sigmoid<T>(x: T): T {
  const t = decay<T>(x);
  return div<T>(ifLess<T>(x, all<T>(0), t, all<T>(1)), add<T>(t, all<T>(1)));
}

/** −1, 0 or 1; zeros and NaN stay. */
// @ts-ignore: decorator
@inline
function sign<T>(x: T): T {
  const zero = all<T>(0);
  return ifLess<T>(x, zero, all<T>(-1), ifLess<T>(zero, x, all<T>(1), x));
}

// log and what is made of it ----------------------------------------------------------------------------------------------

/** k·ln 2 + log(1 + f) + c for 1 + f in √½ … √2 and small c (FreeBSD logf, log1pf). */
// @ts-ignore: decorator
@inline
function logCore<T>(k: T, f: T, c: T): T {
  const s = div<T>(f, add<T>(f, all<T>(2)));
  const z = mul<T>(s, s);
  const w = mul<T>(z, z);
  const odd = mul<T>(z, horner<T>(all<T>(0.28498786688), w, 0.66666662693));
  const even = mul<T>(w, horner<T>(all<T>(0.24279078841), w, 0.40000972152));
  const square = mul<T>(mul<T>(f, f), all<T>(0.5));
  const low = add<T>(mul<T>(k, all<T>(9.0580006145e-6)), c);
  const sum = add<T>(mul<T>(s, add<T>(square, add<T>(odd, even))), low);
  return add<T>(add<T>(sub<T>(sum, square), f), mul<T>(k, all<T>(0.69313812256)));
}

/** −∞ at `zero`, NaN below it; +∞ and NaN stay. */
// @ts-ignore: decorator
@inline
function logEdges<T>(y: T, x: T, zero: f32): T {
  const low = ifEqual<T>(x, all<T>(zero), all<T>(-Infinity), all<T>(NaN));
  return ifLess<T>(all<T>(zero), x, ifLess<T>(x, all<T>(Infinity), y, x), low);
}

// @ts-ignore: decorator
@inline
function log<T>(x: T): T {
  const tiny = all<T>(1.17549435e-38);
  const u = ifLess<T>(x, tiny, mul<T>(x, all<T>(33554432)), x);
  const k = sub<T>(exponent<T>(u), ifLess<T>(x, tiny, all<T>(25), all<T>(0)));
  return logEdges<T>(logCore<T>(k, sub<T>(significand<T>(u), all<T>(1)), all<T>(0)), x, 0);
}

/** log u + c/u, where u = 1 + x was rounded by c. */
// @ts-ignore: decorator
@inline
function log1p<T>(x: T): T {
  const one = all<T>(1);
  const u = add<T>(x, one);
  const k = exponent<T>(u);
  const lost = ifLess<T>(one, k, sub<T>(one, sub<T>(u, x)), sub<T>(x, sub<T>(u, one)));
  const zero = all<T>(0);
  // Squares of less would not be normal.
  const small = abs<T>(x), least = all<T>(1e-9);
  const f = ifEqual<T>(k, zero, zeroBelow<T>(least, small, x), sub<T>(significand<T>(u), one));
  const y = logCore<T>(k, f, ifEqual<T>(k, zero, zero, div<T>(lost, u)));
  return logEdges<T>(ifLess<T>(small, least, x, y), x, -1);
}

/** max(x, 0) + log(1 + e^(−|x|)) */
// @ts-ignore: decorator
@inline
function softplus<T>(x: T): T {
  return add<T>(atLeast<T>(x, all<T>(0)), log1p<T>(decay<T>(x)));
}

/** Minimax polynomials of N. Juffa: odd in x below 0.9277, 1 − e^p(|x|) above. */
// @ts-ignore: decorator
@inline
function erf<T>(x: T): T {
  const t = atMost<T>(abs<T>(x), all<T>(4));
  const s = mul<T>(t, t);
  let far = horner<T>(all<T>(-1.72853470e-5), t, 3.83197126e-4);
  far = add<T>(mul<T>(far, s), horner<T>(all<T>(-3.88396438e-3), t, 2.42546219e-2));
  far = horner<T>(far, t, -1.06777877e-1);
  far = horner<T>(far, t, -6.34846687e-1);
  far = horner<T>(far, t, -1.28717512e-1);
  far = sub<T>(all<T>(1), exp<T>(sub<T>(mul<T>(far, t), t)));
  let near = horner<T>(all<T>(-5.96761703e-4), s, 4.99119423e-3);
  near = horner<T>(near, s, -2.67681349e-2);
  near = horner<T>(near, s, 1.12819925e-1);
  near = horner<T>(near, s, -3.76125336e-1);
  near = horner<T>(near, s, 1.28379166e-1);
  near = add<T>(mul<T>(near, t), t);
  return withSign<T>(ifLess<T>(all<T>(0.927734375), t, far, near), x);
}

// sin, cos ----------------------------------------------------------------------------------------------------------------

/** From here on, arguments take the long reduction, lane by lane. */
// @ts-ignore: decorator
@inline
const far: f32 = 2e5;

// @ts-ignore: decorator
@inline
function rest64(x: v128, n: v128): v128 {
  const first = f64x2.sub(x, f64x2.mul(n, f64x2.splat(1.5707963109016418)));
  return f32x4.demote_f64x2_zero(f64x2.sub(first, f64x2.mul(n, f64x2.splat(1.5893254773528196e-8))));
}

/** x − n·π/2, with the product in f64. */
// @ts-ignore: decorator
@inline
function quarterRest<T>(x: T, n: T): T {
  if (isVector<T>()) {
    const low = rest64(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(n));
    const x2 = i64x2.shuffle(x, x, 1, 1);
    const n2 = i64x2.shuffle(n, n, 1, 1);
    const high = rest64(f64x2.promote_low_f32x4(x2), f64x2.promote_low_f32x4(n2));
    return i64x2.shuffle(low, high, 0, 2);
  } else return <f32>(<f64>x - <f64>n * 1.5707963109016418 - <f64>n * 1.5893254773528196e-8);
}

/** sin(x + quarter·π/2) for |x| < far; its polynomials are those of Cephes. */
// @ts-ignore: decorator
@inline
function sine<T>(x: T, quarter: f32): T {
  const n = nearest<T>(mul<T>(x, all<T>(0.636619772)));
  const r = quarterRest<T>(x, n);
  const z = mul<T>(r, r);
  let s = horner<T>(all<T>(-1.9515295891e-4), z, 8.3321608736e-3);
  s = horner<T>(s, z, -1.6666654611e-1);
  s = ifEqual<T>(x, all<T>(0), x, add<T>(mul<T>(mul<T>(s, z), r), r));
  let c = horner<T>(all<T>(2.443315711809948e-5), z, -1.388731625493765e-3);
  c = horner<T>(c, z, 4.166664568298827e-2);
  c = add<T>(sub<T>(mul<T>(mul<T>(c, z), z), mul<T>(z, all<T>(0.5))), all<T>(1));
  const m = add<T>(n, all<T>(quarter));
  const half = floor<T>(mul<T>(m, all<T>(0.5)));
  const y = ifEqual<T>(add<T>(half, half), m, s, c);
  const even = mul<T>(floor<T>(mul<T>(half, all<T>(0.5))), all<T>(2));
  return ifEqual<T>(half, even, y, neg<T>(y));
}

// One lane ----------------------------------------------------------------------------------------------------------------

// Far angles go to NativeMath: the reduction of Mathf is wrong in 2⁸⁹ … 2⁹⁰.
export function f32_exp(x: f32): f32 { return exp<f32>(x); }
export function f32_expm1(x: f32): f32 { return expm1<f32>(x); }
export function f32_log(x: f32): f32 { return log<f32>(x); }
export function f32_log1p(x: f32): f32 { return log1p<f32>(x); }
export function f32_tanh(x: f32): f32 { return tanh<f32>(x); }
export function f32_sigmoid(x: f32): f32 { return sigmoid<f32>(x); }
export function f32_softplus(x: f32): f32 { return softplus<f32>(x); }
export function f32_erf(x: f32): f32 { return erf<f32>(x); }
export function f32_sin(x: f32): f32 { return f32.abs(x) < far ? sine<f32>(x, 0) : <f32>NativeMath.sin(x); }
export function f32_cos(x: f32): f32 { return f32.abs(x) < far ? sine<f32>(x, 1) : <f32>NativeMath.cos(x); }
export function f32_tan(x: f32): f32 { return <f32>NativeMath.tan(x); }
export function f32_asin(x: f32): f32 { return Mathf.asin(x); }
export function f32_acos(x: f32): f32 { return Mathf.acos(x); }
export function f32_atan(x: f32): f32 { return Mathf.atan(x); }
export function f32_sinh(x: f32): f32 { return Mathf.sinh(x); }
export function f32_cosh(x: f32): f32 { return Mathf.cosh(x); }
export function f32_asinh(x: f32): f32 { return Mathf.asinh(x); }
export function f32_acosh(x: f32): f32 { return Mathf.acosh(x); }
export function f32_atanh(x: f32): f32 { return Mathf.atanh(x); }
export function f32_sign(x: f32): f32 { return sign<f32>(x); }
export function f32_pow(a: f32, b: f32): f32 { return Mathf.pow(a, b); }
export function f32_atan2(a: f32, b: f32): f32 { return Mathf.atan2(a, b); }

/** The remainder with the sign of the divisor. */
export function f32_mod(a: f32, b: f32): f32 {
  const r = a % b;
  return r != 0 && r < 0 != b < 0 ? r + b : r;
}

/** Truncates; division by 0 gives 0. */
export function i32_div(a: i32, b: i32): i32 {
  if (b == 0) return 0;
  return b == -1 ? -a : a / b;
}

/** The remainder with the sign of the divisor; that of 0 is 0. */
export function i32_mod(a: i32, b: i32): i32 {
  if (b == 0 || b == -1) return 0;
  const r = a % b;
  return r != 0 && (r ^ b) < 0 ? r + b : r;
}

export function i32_sign(x: i32): i32 { return (x >> 31) | i32(x > 0); }
export function i32_pow(a: i32, b: i32): i32 {
  let y = b < 0 ? (a == 1 ? 1 : a == -1 ? 1 - ((b & 1) << 1) : 0) : 1;
  for (; b > 0; b >>= 1) {
    if (b & 1) y *= a;
    a *= a;
  }
  return y;
}
export function i32_shl(a: i32, b: i32): i32 { return <u32>b < 32 ? a << b : 0; }
/** Fills with zeros. */
export function i32_shr(a: i32, b: i32): i32 { return <u32>b < 32 ? a >>> b : 0; }

// Four lanes --------------------------------------------------------------------------------------------------------------

export function f32x4_exp(x: v128): v128 { return exp<v128>(x); }
export function f32x4_expm1(x: v128): v128 { return expm1<v128>(x); }
export function f32x4_log(x: v128): v128 { return log<v128>(x); }
export function f32x4_log1p(x: v128): v128 { return log1p<v128>(x); }
export function f32x4_tanh(x: v128): v128 { return tanh<v128>(x); }
export function f32x4_sigmoid(x: v128): v128 { return sigmoid<v128>(x); }
export function f32x4_softplus(x: v128): v128 { return softplus<v128>(x); }
export function f32x4_erf(x: v128): v128 { return erf<v128>(x); }
export function f32x4_sign(x: v128): v128 { return sign<v128>(x); }
export function f32x4_sin(x: v128): v128 {
  if (i32x4.all_true(f32x4.lt(f32x4.abs(x), f32x4.splat(far)))) return sine<v128>(x, 0);
  return f32x4(f32_sin(f0(x)), f32_sin(f1(x)), f32_sin(f2(x)), f32_sin(f3(x)));
}
export function f32x4_cos(x: v128): v128 {
  if (i32x4.all_true(f32x4.lt(f32x4.abs(x), f32x4.splat(far)))) return sine<v128>(x, 1);
  return f32x4(f32_cos(f0(x)), f32_cos(f1(x)), f32_cos(f2(x)), f32_cos(f3(x)));
}
export function f32x4_tan(x: v128): v128 { return f32x4(f32_tan(f0(x)), f32_tan(f1(x)), f32_tan(f2(x)), f32_tan(f3(x))); }
export function f32x4_asin(x: v128): v128 { return f32x4(f32_asin(f0(x)), f32_asin(f1(x)), f32_asin(f2(x)), f32_asin(f3(x))); }
export function f32x4_acos(x: v128): v128 { return f32x4(f32_acos(f0(x)), f32_acos(f1(x)), f32_acos(f2(x)), f32_acos(f3(x))); }
export function f32x4_atan(x: v128): v128 { return f32x4(f32_atan(f0(x)), f32_atan(f1(x)), f32_atan(f2(x)), f32_atan(f3(x))); }
export function f32x4_sinh(x: v128): v128 { return f32x4(f32_sinh(f0(x)), f32_sinh(f1(x)), f32_sinh(f2(x)), f32_sinh(f3(x))); }
export function f32x4_cosh(x: v128): v128 { return f32x4(f32_cosh(f0(x)), f32_cosh(f1(x)), f32_cosh(f2(x)), f32_cosh(f3(x))); }
export function f32x4_asinh(x: v128): v128 { return f32x4(f32_asinh(f0(x)), f32_asinh(f1(x)), f32_asinh(f2(x)), f32_asinh(f3(x))); }
export function f32x4_acosh(x: v128): v128 { return f32x4(f32_acosh(f0(x)), f32_acosh(f1(x)), f32_acosh(f2(x)), f32_acosh(f3(x))); }
export function f32x4_atanh(x: v128): v128 { return f32x4(f32_atanh(f0(x)), f32_atanh(f1(x)), f32_atanh(f2(x)), f32_atanh(f3(x))); }
export function f32x4_pow(a: v128, b: v128): v128 { return f32x4(f32_pow(f0(a), f0(b)), f32_pow(f1(a), f1(b)), f32_pow(f2(a), f2(b)), f32_pow(f3(a), f3(b))); }
export function f32x4_atan2(a: v128, b: v128): v128 { return f32x4(f32_atan2(f0(a), f0(b)), f32_atan2(f1(a), f1(b)), f32_atan2(f2(a), f2(b)), f32_atan2(f3(a), f3(b))); }
export function f32x4_mod(a: v128, b: v128): v128 { return f32x4(f32_mod(f0(a), f0(b)), f32_mod(f1(a), f1(b)), f32_mod(f2(a), f2(b)), f32_mod(f3(a), f3(b))); }
export function i32x4_div(a: v128, b: v128): v128 { return i32x4(i32_div(i0(a), i0(b)), i32_div(i1(a), i1(b)), i32_div(i2(a), i2(b)), i32_div(i3(a), i3(b))); }
export function i32x4_mod(a: v128, b: v128): v128 { return i32x4(i32_mod(i0(a), i0(b)), i32_mod(i1(a), i1(b)), i32_mod(i2(a), i2(b)), i32_mod(i3(a), i3(b))); }
export function i32x4_pow(a: v128, b: v128): v128 { return i32x4(i32_pow(i0(a), i0(b)), i32_pow(i1(a), i1(b)), i32_pow(i2(a), i2(b)), i32_pow(i3(a), i3(b))); }
export function i32x4_shl(a: v128, b: v128): v128 { return i32x4(i32_shl(i0(a), i0(b)), i32_shl(i1(a), i1(b)), i32_shl(i2(a), i2(b)), i32_shl(i3(a), i3(b))); }
export function i32x4_shr(a: v128, b: v128): v128 { return i32x4(i32_shr(i0(a), i0(b)), i32_shr(i1(a), i1(b)), i32_shr(i2(a), i2(b)), i32_shr(i3(a), i3(b))); }
export function i32x4_sign(x: v128): v128 { return i32x4(i32_sign(i0(x)), i32_sign(i1(x)), i32_sign(i2(x)), i32_sign(i3(x))); }

// @ts-ignore: decorator
@inline
function f0(x: v128): f32 { return f32x4.extract_lane(x, 0); }
// @ts-ignore: decorator
@inline
function f1(x: v128): f32 { return f32x4.extract_lane(x, 1); }
// @ts-ignore: decorator
@inline
function f2(x: v128): f32 { return f32x4.extract_lane(x, 2); }
// @ts-ignore: decorator
@inline
function f3(x: v128): f32 { return f32x4.extract_lane(x, 3); }
// @ts-ignore: decorator
@inline
function i0(x: v128): i32 { return i32x4.extract_lane(x, 0); }
// @ts-ignore: decorator
@inline
function i1(x: v128): i32 { return i32x4.extract_lane(x, 1); }
// @ts-ignore: decorator
@inline
function i2(x: v128): i32 { return i32x4.extract_lane(x, 2); }
// @ts-ignore: decorator
@inline
function i3(x: v128): i32 { return i32x4.extract_lane(x, 3); }
