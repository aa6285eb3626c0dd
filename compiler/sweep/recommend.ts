/** Which point of a sweep to take, and why. */
import * as format from '../bench/format.ts';
import type { Objective } from '../plan/select.ts';
import type { PointResult, Recommendation, SweepResult } from './types.ts';

type Found = PointResult & Required<Pick<PointResult, 'bytes' | 'brotli' | 'predictedNs'>>;

export const isFound = <P extends PointResult>(p: P): p is P & Found => p.bytes !== undefined;

/** Accuracy where there are labels, agreement with the dense model otherwise. */
export const scoreOf = (p: PointResult): number => p.accuracy ?? p.agreement ?? 0;

/** In milliseconds, measured where possible. */
export const timeOf = (p: Found): number => p.latency?.median ?? p.predictedNs / 1e6;

/** Ids of the points that no other beats: higher score, fewer bytes, less time. */
export function frontierOf(points: readonly PointResult[]): Set<string> {
  const found = points.filter(isFound);
  const beats = (a: Found, b: Found) => {
    const differences = [scoreOf(a) - scoreOf(b), b.brotli - a.brotli, timeOf(b) - timeOf(a)];
    return differences.every((d) => d >= 0) && differences.some((d) => d > 0);
  };
  return new Set(found.filter((p) => !found.some((q) => beats(q, p))).map((p) => p.id));
}

/** Points that cost about as much compete by what they keep. */
const alike = 1.03;

/**
 * The fastest (or, for size, the smallest) point that loses at most `maxDrop` points of a hundred; of those that cost nearly the
 * same, the one that keeps most.
 */
export function recommend(
  points: readonly PointResult[],
  dense: SweepResult['dense'],
  maxDrop: number,
  goal: Objective,
): Recommendation {
  const found = points.filter(isFound);
  const reference = dense.accuracy ?? 1;
  const lost = (p: Found) => 100 * (reference - scoreOf(p));
  const held = found.filter((p) => lost(p) <= maxDrop + 1e-9);
  if (held.length === 0) {
    if (found.length === 0) return { text: 'No point of the sweep came to a result.' };
    const best = found.reduce((a, b) => (lost(b) < lost(a) ? b : a));
    return {
      text: `Every point loses more than ${maxDrop} points: ${describe(best, dense)} is closest. Lower sparsities, samples with labels or fine-tuning keep more.`,
    };
  }
  const denseTime = dense.latency ?? dense.predictedNs / 1e6;
  const cost = goal === 'size' ? (p: Found) => p.brotli / dense.brotli : (p: Found) => timeOf(p) / denseTime;
  const least = Math.min(...held.map(cost));
  const point = held
    .filter((p) => cost(p) <= least * alike)
    .reduce((a, b) => (scoreOf(b) > scoreOf(a) || (scoreOf(b) === scoreOf(a) && cost(b) < cost(a)) ? b : a));
  if (cost(point) >= 1) {
    return {
      text: `Pruning does not pay here: of what loses at most ${maxDrop} points nothing is ${goal === 'size' ? 'smaller' : 'faster'} than the dense build.`,
    };
  }
  return { point: point.id, text: `${describe(point, dense)}.` };
}

function describe(p: Found, dense: SweepResult['dense']): string {
  const { percent, bytes, duration, ratio } = format;
  const kept =
    p.accuracy !== undefined && dense.accuracy !== undefined
      ? `${percent(p.accuracy, 2)} right, dense ${percent(dense.accuracy, 2)}`
      : `the answer of the dense network in ${percent(p.agreement ?? 0, 2)}`;
  const time = p.latency
    ? `${duration(p.latency.median)}, ${ratio(p.latency.speedup.value)} as fast as dense`
    : `${duration(p.predictedNs / 1e6)} predicted, ${ratio(dense.predictedNs / p.predictedNs)} as fast as dense`;
  const size = `${bytes(p.brotli)} in brotli, dense ${bytes(dense.brotli)}`;
  return `${pointName(p)} at ${percent(p.zeros ?? p.sparsity)} zeros: ${kept} (${format.count(p.n ?? 0)} samples); ${time}; ${size}`;
}

/** `alps · 4x1 · lamp` */
export const pointName = ({ method, granularity, allocation }: PointResult): string =>
  [method, granularity, allocation].join(' · ');
