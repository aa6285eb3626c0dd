import { median, quantile } from 'd3-array';
import { assert } from '../errors.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A ratio with its bootstrap 95 % interval. */
export interface Ratio extends Interval {
  readonly value: number;
}

export interface Summary {
  readonly median: number;
  readonly p95: number;
  readonly min: number;
}

/** Quantiles are interpolated linearly. */
export function summarize(samples: readonly number[]): Summary {
  assert(samples.length > 0, 'no samples');
  return { median: median(samples)!, p95: quantile(samples, 0.95)!, min: Math.min(...samples) };
}

/** Uniform in [0, 1), the same for the same seed on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Percentile bootstrap 95 % interval of the median (Efron 1979). */
export function medianInterval(samples: readonly number[], seed: number, resamples = 2000): Interval {
  const random = seededRandom(seed);
  const draw = new Float64Array(samples.length);
  const medians = Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < draw.length; i++) draw[i] = samples[Math.floor(random() * samples.length)];
    return median(draw)!;
  });
  return { low: quantile(medians, 0.025)!, high: quantile(medians, 0.975)! };
}

/**
 * How many times larger `over` is than `under`: the median of the quotients of samples taken side by side, which a drift of
 * the machine moves together.
 */
export function pairedRatio(over: readonly number[], under: readonly number[], seed: number): Ratio {
  assert(over.length === under.length, 'paired samples differ in number');
  const quotients = over.map((x, i) => x / under[i]);
  return { value: median(quotients)!, ...medianInterval(quotients, seed) };
}
