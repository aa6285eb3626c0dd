/** Reductions: 0 replace, 1 add, 2 multiply, 3 max, 4 min. */
// @ts-ignore: decorator
@inline
function combine<T>(old: T, update: T, reduction: i32): T {
  if (reduction == 0) return update;
  if (reduction == 1) return <T>(old + update);
  if (reduction == 2) return <T>(old * update);
  return reduction == 3 ? max<T>(old, update) : min<T>(old, update);
}

/** One element; types: 0 f32, 1 i32, 2 u8, 3 i8. */
function put(y: usize, at: usize, updates: usize, from: usize, reduction: i32, type: i32): void {
  if (type == 0) {
    const p = y + (at << 2);
    store<f32>(p, combine<f32>(load<f32>(p), load<f32>(updates + (from << 2)), reduction));
  } else if (type == 1) {
    const p = y + (at << 2);
    store<i32>(p, combine<i32>(load<i32>(p), load<i32>(updates + (from << 2)), reduction));
  } else if (type == 2) {
    const p = y + at;
    store<u8>(p, combine<u8>(load<u8>(p), load<u8>(updates + from), reduction));
  } else {
    const p = y + at;
    store<i8>(p, combine<i8>(load<i8>(p), load<i8>(updates + from), reduction));
  }
}

/** y = data of `total` elements; then y[base[i] + indices[i] · stride] takes updates[i]. Indices outside write nothing. */
export function scatterElements(data: usize, indices: usize, base: usize, updates: usize, y: usize, total: i32, count: i32, size: i32, stride: i32, reduction: i32, type: i32): void {
  memory.copy(y, data, <usize>total << (type < 2 ? 2 : 0));
  for (let i = 0; i < count; i++) {
    const k = <usize>i << 2;
    const given = load<i32>(indices + k);
    const at = given < 0 ? given + size : given;
    if (at < 0 || at >= size) continue;
    put(y, <usize>(load<i32>(base + k) + at * stride), updates, <usize>i, reduction, type);
  }
}

/** y = data; then the block of `inner` elements at the tuple indices[j, 0 … depth-1] over `dims` takes updates[j]. */
export function scatterND(data: usize, indices: usize, dims: usize, updates: usize, y: usize, total: i32, count: i32, depth: i32, inner: i32, reduction: i32, type: i32): void {
  memory.copy(y, data, <usize>total << (type < 2 ? 2 : 0));
  for (let j = 0; j < count; j++) {
    let at = 0;
    let inside = true;
    for (let d = 0; d < depth; d++) {
      const size = load<i32>(dims + (<usize>d << 2));
      const given = load<i32>(indices + (<usize>(j * depth + d) << 2));
      const k = given < 0 ? given + size : given;
      if (k < 0 || k >= size) inside = false;
      at = at * size + k;
    }
    if (!inside) continue;
    for (let i = 0; i < inner; i++) put(y, <usize>(at * inner + i), updates, <usize>(j * inner + i), reduction, type);
  }
}
