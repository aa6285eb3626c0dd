/** The database of a layer: what every row loses, step by step, merged into a mask for any number of kept weights. */
import { eliminate, type Trace } from './obs.ts';
import { expandGroups, groupsOf, keepHighest } from './patterns.ts';
import type { Granularity } from './problem.ts';

/** The traces of a layer [rows × cols], one per row of groups. */
export interface LayerTrace {
  readonly rows: number;
  readonly cols: number;
  readonly granularity: Granularity;
  readonly traces: readonly Trace[];
}

/** ExactOBS over all rows. `target` is [rows × cols], `inverse` the damped H⁻¹; R n³ / 6 multiply-adds over r for r-row blocks. */
export function traceLayer(
  target: Float64Array,
  inverse: Float64Array,
  rows: number,
  cols: number,
  granularity: Granularity,
): LayerTrace {
  const { r, c, down } = groupsOf(rows, cols, granularity);
  const options = granularity.kind === 'nm' ? { quota: granularity } : { width: c };
  const traces = Array.from({ length: down }, (_, i) => {
    const end = Math.min(rows, (i + 1) * r);
    return eliminate(target.slice(i * r * cols, end * cols), end - i * r, inverse, cols, options);
  });
  return { rows, cols, granularity, traces };
}

/**
 * The mask with at most `keep` weights (exactly `keep` for single weights; N:M ignores it). The rows are merged by the
 * running maximum of their loss per weight, so that what goes from a row is always the beginning of its trace. The last
 * `rowFloor` groups of every row stay.
 */
export function maskFromTrace(trace: LayerTrace, keep: number, rowFloor = 0): Uint8Array {
  const { rows, cols, granularity } = trace;
  const groups = groupsOf(rows, cols, granularity);
  const { group, score, left } = steps(trace);
  for (let s = 0; s < score.length; s++) if (left[s] < rowFloor) score[s] = Infinity;
  const stays =
    granularity.kind === 'nm'
      ? new Uint8Array(group.length)
      : keepHighest(
          score,
          group.map((g) => groups.sizes[g]),
          keep,
        );
  const kept = new Uint8Array(groups.sizes.length).fill(1);
  for (let s = 0; s < group.length; s++) kept[group[s]] = stays[s];
  return expandGroups(kept, rows, cols, groups);
}

/** The loss of the layer, Σ_r (w − w*)ᵀ H (w − w*) after exact refitting, under a mask that `maskFromTrace` gave. */
export function lossFromTrace(trace: LayerTrace, mask: Uint8Array): number {
  const { r, c, across } = groupsOf(trace.rows, trace.cols, trace.granularity);
  const { group, loss } = steps(trace);
  let sum = 0;
  group.forEach((g, s) => {
    const first = Math.floor(g / across) * r * trace.cols + (g % across) * c;
    if (!mask[first]) sum += loss[s];
  });
  return sum;
}

interface Steps {
  /** Index of the group removed. */
  readonly group: Uint32Array;
  readonly loss: Float64Array;
  /** Running maximum, within the row, of loss per weight. */
  readonly score: Float64Array;
  /** Groups that the row still removes after this one. */
  readonly left: Uint32Array;
}

/** All removals, row after row, in the order of their traces. */
function steps({ rows, cols, granularity, traces }: LayerTrace): Steps {
  const { across, sizes } = groupsOf(rows, cols, granularity);
  const count = traces.reduce((sum, t) => sum + t.order.length, 0);
  const all = {
    group: new Uint32Array(count),
    loss: new Float64Array(count),
    score: new Float64Array(count),
    left: new Uint32Array(count),
  };
  let at = 0;
  traces.forEach(({ order, loss }, i) => {
    let highest = 0;
    for (let s = 0; s < order.length; s++, at++) {
      const g = i * across + order[s];
      highest = Math.max(highest, loss[s] / sizes[g]);
      all.group[at] = g;
      all.loss[at] = loss[s];
      all.score[at] = highest;
      all.left[at] = order.length - 1 - s;
    }
  });
  return all;
}
