/** Distances between floats, and samples that reach every binade. */
import type { Random } from '../../compiler/ir/random.ts';

const word = new Int32Array(1);
const single = new Float32Array(word.buffer);

/** Floats as consecutive integers: −0 and +0 are both 0. */
function order(x: number): number {
  single[0] = x;
  return word[0] < 0 ? -2147483648 - word[0] : word[0];
}

/**
 * Units in the last place of the float64 `want` rounded to float32 between `got` and `want`; 0 where both are NaN or the same
 * infinity.
 */
export function ulps(got: number, want: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(want);
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) return Math.abs(order(got) - order(rounded));
  const unit = 2 ** Math.max(Math.floor(Math.log2(Math.abs(want))) - 23, -149);
  return Math.abs(got - want) / unit;
}

export const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  1e-45,
  -1e-45,
  1.1754943e-38,
  -1.1754943e-38,
  1.17549435e-38,
  3.4028235e38,
  -3.4028235e38,
  Infinity,
  -Infinity,
  NaN,
  88.72284,
  88.7,
  -87.33655,
  -88.9,
  -103.97,
  -103.98,
  -104,
  -105,
  0.70710677,
  Math.SQRT1_2,
  Math.SQRT2,
  1.4142137,
  -0.99999994,
  0.99999994,
  1.0000001,
  2.5,
  3.5,
  -2.5,
  8388607.5,
  16777216,
  1.5707964,
  Math.PI,
  0.34657359,
  -0.34657359,
];

/** `count` floats: the special ones, then every exponent and sign in turn with random mantissas. */
export function stratified(count: number, rng: Random): Float32Array {
  const out = new Float32Array(count);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < count; i++) bits[i] = (((i % 512) << 23) | Math.floor(rng.next() * 8388608)) >>> 0;
  out.set(special.slice(0, count));
  return out;
}
