/** Deterministic ranking: equal values stand in index order. */

/**
 * Indices of `values` (no NaN) from smallest to largest value, equal values by index. The values are sorted natively and
 * each index finds its place by binary search, which is several times faster than sorting indices with a comparator.
 */
export function ascendingOrder(values: Float64Array): Uint32Array {
  const sorted = Float64Array.from(values).sort();
  const taken = new Uint32Array(values.length);
  const order = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const run = lowerBound(sorted, values[i]);
    order[run + taken[run]++] = i;
  }
  return order;
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

function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value that sorting would put at index `k`; reorders `values` (Hoare 1961, quickselect). */
export function smallest(values: Float64Array, k: number): number {
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
