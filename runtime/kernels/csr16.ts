import { sparseRows } from './rows';

/** `linear` over compressed sparse rows whose entries name their distance, in floats, from the one before. */
export function f32_linear_csr16_1x48<E>(x: usize, y: usize, bias: usize, counts: usize, steps: usize, weights: usize, rows: i32, cols: i32, pixels: i32, swath: i32, yRow: usize, e0: usize, e1: usize): void {
  sparseRows<E, u16>(x, y, bias, counts, steps, weights, rows, pixels, swath, yRow, e0, e1);
}
