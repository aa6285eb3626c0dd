import { describe, expect, test } from 'vitest';
import {
  biasCorrection,
  ChannelStats,
  correctRunning,
  relativeCorrection,
} from '../../compiler/prune/math/correct.ts';
import { largestGap, normals } from './reference.ts';

const channels = 4;
const positions = 500;
const normal = normals(3);
/** Channel 3 is constant; channel 0 sits far from zero, where naive sums of squares lose their digits. */
const dense = Float32Array.from({ length: channels * positions }, (_, i) =>
  i % channels === 3 ? 5 : (i % channels === 0 ? 3000 : 0) + (1 + (i % channels)) * normal(),
);
const pruned = dense.map((v, i) => 0.8 * v + 0.3 + 0.2 * (i % channels) * normal());

function moments(x: Float32Array, batch = positions) {
  const stats = new ChannelStats(channels);
  for (let i = 0; i < x.length; i += batch * channels) stats.add(x.subarray(i, i + batch * channels));
  return stats.moments();
}

const perChannel = (x: Float32Array, c: number) => [...x].filter((_, i) => i % channels === c);
const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;

describe('channel statistics', () => {
  test('the two-pass definition, for every way of batching', () => {
    for (const batch of [1, 7, 100, positions]) {
      const { mean: means, variance } = moments(dense, batch);
      for (let c = 0; c < channels; c++) {
        const v = perChannel(dense, c);
        const m = mean(v);
        expect(Math.abs(means[c] - m)).toBeLessThan(1e-9);
        expect(Math.abs(variance[c] - mean(v.map((x) => (x - m) ** 2)))).toBeLessThan(1e-8);
      }
    }
  });
});

describe('corrections', () => {
  const before = moments(dense);
  const after = moments(pruned);

  test('nothing changed: exactly the identity', () => {
    const { scale, shift } = relativeCorrection(before, before);
    expect(scale).toEqual(new Float64Array(channels).fill(1));
    expect(shift).toEqual(new Float64Array(channels));
    expect(biasCorrection(before, before).shift).toEqual(new Float64Array(channels));
    const running = { mean: Float64Array.of(1, 2, 3, 4), variance: Float64Array.of(1, 2, 3, 0) };
    expect(correctRunning(running, 1e-3, before, before)).toEqual(running);
  });

  test('the corrected output has the dense mean, and the dense deviation where the ratio is not clipped', () => {
    const { scale, shift } = relativeCorrection(before, after);
    const corrected = moments(
      Float32Array.from(pruned, (v, i) => scale[i % channels] * v + shift[i % channels]),
    );
    expect(largestGap(corrected.mean, before.mean)).toBeLessThan(1e-3);
    for (const c of [0, 1, 2]) {
      expect(Math.abs(Math.sqrt(corrected.variance[c] / before.variance[c]) - 1)).toBeLessThan(1e-3);
    }
    expect(scale[3]).toBe(1);
  });

  test('a vanished channel is not blown up', () => {
    const dead = { mean: new Float64Array(channels), variance: new Float64Array(channels) };
    expect(Math.max(...relativeCorrection(before, dead).scale)).toBeCloseTo(1 / 0.67, 12);
    expect(relativeCorrection(dead, before).scale).toEqual(new Float64Array(channels).fill(1));
  });

  test('batch normalisation with corrected running moments = the correction before the old ones', () => {
    const running = { mean: Float64Array.of(2990, 1, -1, 5), variance: Float64Array.of(2, 3, 8, 1) };
    const epsilon = 1e-3;
    const moved = correctRunning(running, epsilon, before, after);
    const { scale, shift } = relativeCorrection(before, after);
    for (let c = 0; c < channels; c++) {
      for (const y of [-2, 0.5, 3100]) {
        const corrected = scale[c] * y + shift[c];
        const expected = (corrected - running.mean[c]) / Math.sqrt(running.variance[c] + epsilon);
        expect((y - moved.mean[c]) / Math.sqrt(moved.variance[c] + epsilon)).toBeCloseTo(expected, 9);
      }
    }
  });

  test('bias correction keeps the mean only', () => {
    const { scale, shift } = biasCorrection(before, after);
    expect(scale).toEqual(new Float64Array(channels).fill(1));
    after.mean.forEach((m, c) => {
      expect(m + shift[c]).toBeCloseTo(before.mean[c], 9);
    });
  });
});
