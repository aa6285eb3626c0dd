/** Deterministic ranking: equal values stand in index order. */

/**
 * Indices of `values` (no NaN) from smallest to largest value, equal values by index: a radix sort of the bytes, the lowest
 * first, many times faster than sorting with a comparator.
 */
export function ascendingOrder(values: Float64Array): Uint32Array {
  const n = values.length;
  const digits = sortableBytes(values);
  let order = new Uint32Array(n).map((_, i) => i);
  let other = new Uint32Array(n);
  const starts = new Uint32Array(256);
  for (let place = 0; place < 8; place++) {
    starts.fill(0);
    for (let i = 0; i < n; i++) starts[digits[8 * i + place]]++;
    if (starts[digits[place]] === n) continue;
    for (let digit = 0, before = 0; digit < 256; digit++) {
      const count = starts[digit];
      starts[digit] = before;
      before += count;
    }
    for (let i = 0; i < n; i++) other[starts[digits[8 * order[i] + place]]++] = order[i];
    [order, other] = [other, order];
  }
  return order;
}

/** Eight bytes a value, lowest first, whose order as unsigned integers is that of the values; −0 is 0. */
function sortableBytes(values: Float64Array): Uint8Array {
  const copy = values.map((v) => v + 0);
  const words = new Uint32Array(copy.buffer);
  for (let i = 0; i < words.length; i += 2) {
    const negative = words[i + 1] >>> 31;
    words[i] ^= -negative;
    words[i + 1] ^= negative ? 0xffffffff : 0x80000000;
  }
  return new Uint8Array(copy.buffer);
}

/**
 * Integer parts of `total` in proportion to `shares`, none above its `limit`: largest remainders first, ties by index.
 * Their sum is exactly `total` where `shares` sum to it and the limits allow.
 */
export function roundShares(shares: readonly number[], limits: readonly number[], total: number): number[] {
  const parts = shares.map((s, i) => Math.min(limits[i], Math.max(0, Math.floor(s))));
  let left = total - parts.reduce((a, b) => a + b, 0);
  const byRemainder = ascendingOrder(Float64Array.from(shares, (s, i) => parts[i] - s));
  while (left > 0) {
    const before = left;
    for (const i of byRemainder) {
      if (left > 0 && parts[i] < limits[i]) {
        parts[i]++;
        left--;
      }
    }
    if (left === before) break;
  }
  return parts;
}

/** Clears the flags of the `drop` lowest scores, ties by index, without sorting; of Infinity never. */
export function dropLowest(scores: Float64Array, drop: number, kept: Uint8Array): void {
  if (drop <= 0) return;
  const limit = smallest(new Float64Array(scores), drop - 1);
  let ties = drop;
  for (const s of scores) if (s < limit) ties--;
  for (let g = 0; g < scores.length; g++) {
    if (scores[g] === Infinity) continue;
    if (scores[g] < limit || (scores[g] === limit && ties-- > 0)) kept[g] = 0;
  }
}

/** The value that sorting would put at index `k`; reorders `values` (Hoare 1961, quickselect). */
function smallest(values: Float64Array, k: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const [a, b, c] = [values[low], values[(low + high) >> 1], values[high]];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const v = values[i];
      values[i++] = values[j];
      values[j--] = v;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}
