/**
 * Fills what lies between the rows and planes of a buffer, and the `lead` floats before its first row:
 *
 *     lead │ row │ gap │ row │ gap │ … │ rest of the plane │ row │ …
 */
export function f32_clear_gaps(at: usize, lead: i32, planes: i32, plane: usize, rows: i32, pitch: usize, width: usize, fill: f32): void {
  f32_fill(at, <usize>lead << 2, fill);
  at += <usize>lead << 2;
  const tail = plane - <usize>rows * pitch;
  for (let p = 0; p < planes; p++) {
    let row = at;
    for (let r = 0; r < rows; r++) {
      f32_fill(row + width, pitch - width, fill);
      row += pitch;
    }
    f32_fill(row, tail, fill);
    at += plane;
  }
}

/** Stores `fill` into `bytes / 4` floats. */
export function f32_fill(at: usize, bytes: usize, fill: f32): void {
  const end = at + bytes;
  if (ASC_FEATURE_SIMD) {
    for (const four = f32x4.splat(fill); at + 16 <= end; at += 16) v128.store(at, four);
  }
  for (; at < end; at += 4) store<f32>(at, fill);
}
