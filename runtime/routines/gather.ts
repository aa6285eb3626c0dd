/** Negative indices count from the end; what is still outside is clamped. */
// @ts-ignore: decorator
@inline
function place(index: i32, size: i32): i32 {
  const at = index < 0 ? index + size : index;
  return max(0, min(at, size - 1));
}

/** y[b, o, j] = data[b, o, indices[b, j]], blocks of `inner` bytes. */
export function gather(data: usize, indices: usize, y: usize, batches: i32, outer: i32, size: i32, count: i32, inner: i32): void {
  const row = <usize>size * <usize>inner;
  for (let b = 0; b < batches; b++) {
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < count; j++) {
        const at = place(load<i32>(indices + (<usize>j << 2)), size);
        const from = data + <usize>at * <usize>inner;
        if (inner == 4) store<u32>(y, load<u32>(from));
        else memory.copy(y, from, <usize>inner);
        y += <usize>inner;
      }
      data += row;
    }
    indices += <usize>count << 2;
  }
}

/** y[i] = data[base[i] + indices[i] · stride], elements of 1 << shift bytes. */
export function gatherElements(data: usize, indices: usize, base: usize, y: usize, count: i32, size: i32, stride: i32, shift: i32): void {
  for (let i = 0; i < count; i++) {
    const k = <usize>i << 2;
    const at = load<i32>(base + k) + place(load<i32>(indices + k), size) * stride;
    if (shift == 2) store<u32>(y + k, load<u32>(data + (<usize>at << 2)));
    else store<u8>(y + <usize>i, load<u8>(data + <usize>at));
  }
}

/** y[b, j] = data[b] at the index tuple indices[b, j, 0 … depth-1] over `dims`, blocks of `inner` bytes. */
export function gatherND(data: usize, indices: usize, dims: usize, y: usize, batches: i32, count: i32, depth: i32, inner: i32): void {
  let blocks: usize = 1;
  for (let d = 0; d < depth; d++) blocks *= <usize>load<i32>(dims + (<usize>d << 2));
  for (let b = 0; b < batches; b++) {
    for (let j = 0; j < count; j++) {
      let at: usize = 0;
      for (let d = 0; d < depth; d++) {
        const size = load<i32>(dims + (<usize>d << 2));
        at = at * <usize>size + <usize>place(load<i32>(indices), size);
        indices += 4;
      }
      memory.copy(y, data + at * <usize>inner, <usize>inner);
      y += <usize>inner;
    }
    data += blocks * <usize>inner;
  }
}
