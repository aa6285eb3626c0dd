import { madd } from './simd';

/** One pixel, of four rows side by side: inputs are gathered into the lanes, results scattered to their rows. */
export function f32_linear_sell4_4x1<E>(x: usize, y: usize, bias: usize, order: usize, counts: usize, entries: usize, rows: i32, cols: i32, pixels: i32, yRow: usize, e0: usize, e1: usize): void {
  for (let slice = 0; slice < rows; slice += 4) {
    let n = load<u32>(counts);
    if (ASC_FEATURE_SIMD) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      for (; n >= 4; n -= 4, entries += 96) {
        a0 = madd(v128.load(entries, 8), gather(x, entries), a0);
        a1 = madd(v128.load(entries, 32), gather(x, entries + 24), a1);
        a2 = madd(v128.load(entries, 56), gather(x, entries + 48), a2);
        a3 = madd(v128.load(entries, 80), gather(x, entries + 72), a3);
      }
      for (; n > 0; n--, entries += 24) a0 = madd(v128.load(entries, 8), gather(x, entries), a0);
      a0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
      scatter<E>(f32x4.extract_lane(a0, 0), y, bias, load<u32>(order), rows, yRow, e0, e1);
      scatter<E>(f32x4.extract_lane(a0, 1), y, bias, load<u32>(order, 4), rows, yRow, e0, e1);
      scatter<E>(f32x4.extract_lane(a0, 2), y, bias, load<u32>(order, 8), rows, yRow, e0, e1);
      scatter<E>(f32x4.extract_lane(a0, 3), y, bias, load<u32>(order, 12), rows, yRow, e0, e1);
    } else {
      let a0: f32 = 0, a1: f32 = 0, a2: f32 = 0, a3: f32 = 0;
      for (; n > 0; n--, entries += 24) {
        a0 += load<f32>(entries, 8) * load<f32>(x + (<usize>load<u16>(entries) << 2));
        a1 += load<f32>(entries, 12) * load<f32>(x + (<usize>load<u16>(entries, 2) << 2));
        a2 += load<f32>(entries, 16) * load<f32>(x + (<usize>load<u16>(entries, 4) << 2));
        a3 += load<f32>(entries, 20) * load<f32>(x + (<usize>load<u16>(entries, 6) << 2));
      }
      scatter<E>(a0, y, bias, load<u32>(order), rows, yRow, e0, e1);
      scatter<E>(a1, y, bias, load<u32>(order, 4), rows, yRow, e0, e1);
      scatter<E>(a2, y, bias, load<u32>(order, 8), rows, yRow, e0, e1);
      scatter<E>(a3, y, bias, load<u32>(order, 12), rows, yRow, e0, e1);
    }
    counts += 4;
    order += 16;
  }
}

/** Four floats of x at four u16 indices. One load of all takes more shifts, one load of each more loads: both are slower. */
// @ts-ignore: decorator
@inline
function gather(x: usize, indices: usize): v128 {
  const low = load<u32>(indices), high = load<u32>(indices, 4);
  let v = v128.load32_zero(x + (<usize>(low & 0xffff) << 2));
  v = v128.load32_lane(x + (<usize>(low >> 16) << 2), v, 1);
  v = v128.load32_lane(x + (<usize>(high & 0xffff) << 2), v, 2);
  return v128.load32_lane(x + (<usize>(high >> 16) << 2), v, 3);
}

// @ts-ignore: decorator
@inline
function scatter<E>(sum: f32, y: usize, bias: usize, row: u32, rows: i32, yRow: usize, e0: usize, e1: usize): void {
  if (row < <u32>rows) {
    const at = y + row * yRow;
    store<f32>(at, changetype<E>(0).one(sum + load<f32>(bias + (row << 2)), at, row, e0, e1));
  }
}
