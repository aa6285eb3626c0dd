import { expect, test } from 'vitest';
import { runsOf } from '../../compiler/sparse/offsets.ts';
import { shuffledOffsets } from './random.ts';

const planes = (count: number, stride: number, taps: readonly number[]) =>
  Int32Array.from({ length: count * taps.length }, (_, k) => {
    const plane = Math.floor(k / taps.length);
    return 4 * (plane * stride + taps[k % taps.length]);
  });
const taps3x3 = [0, 1, 2, 10, 11, 12, 20, 21, 22];

test.each([
  ['a vector', planes(7, 1, [0]), 7, 4],
  ['planes', planes(5, 100, [0]), 5, 400],
  ['taps of planes: all planes, tap by tap', planes(5, 100, taps3x3), 5, 400],
  ['taps of one plane: its rows', planes(1, 100, taps3x3), 3, 40],
  ['two columns', Int32Array.of(8, 4), 2, 4],
  ['one column', Int32Array.of(8), 1, 0],
  ['columns anywhere', Int32Array.of(0, 4, 12, 16, 28), 1, 0],
  ['one column off', Int32Array.of(0, 4, 8, 12, 16, 24), 1, 0],
  ['in no order', shuffledOffsets(12, 3), 12, 12],
])('%s', (_, offsets, length, step) => {
  const runs = runsOf(offsets);
  expect([runs.length, runs.step]).toEqual([length, step]);
  expect([...runs.order].sort((a, b) => a - b)).toEqual([...offsets.keys()]);
  runs.order.forEach((k, i) => {
    if (i % length > 0) expect(offsets[k] - offsets[runs.order[i - 1]]).toBe(step);
    else if (i > 0) expect(offsets[k]).toBeGreaterThan(offsets[runs.order[i - length]]);
  });
});
