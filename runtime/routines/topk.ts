/**
 * The k largest (or smallest) of each row of n, best first; of equal ones the first. Insertion into the sorted result, so
 * no scratch is needed.
 */
// @ts-ignore: decorator
@inline
function rows<T>(x: usize, values: usize, places: usize, count: i32, n: i32, k: i32, largest: i32): void {
  for (let r = 0; r < count; r++) {
    let have = 0;
    for (let i = 0; i < n; i++) {
      const v = load<T>(x + (<usize>i << 2));
      let j = have;
      while (j > 0) {
        const other = load<T>(values + (<usize>(j - 1) << 2));
        if (!(largest ? v > other : v < other)) break;
        if (j < k) {
          store<T>(values + (<usize>j << 2), other);
          store<i32>(places + (<usize>j << 2), load<i32>(places + (<usize>(j - 1) << 2)));
        }
        j--;
      }
      if (j < k) {
        store<T>(values + (<usize>j << 2), v);
        store<i32>(places + (<usize>j << 2), i);
        if (have < k) have++;
      }
    }
    x += <usize>n << 2;
    values += <usize>k << 2;
    places += <usize>k << 2;
  }
}

export function topK(x: usize, values: usize, places: usize, count: i32, n: i32, k: i32, largest: i32): void {
  rows<f32>(x, values, places, count, n, k, largest);
}

export function topKInt(x: usize, values: usize, places: usize, count: i32, n: i32, k: i32, largest: i32): void {
  rows<i32>(x, values, places, count, n, k, largest);
}
