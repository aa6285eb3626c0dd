/** From scores and a count to a mask: which weights of a layer stay, under a granularity. 1 = kept, 0 = dropped. */
import { assert } from '../../errors.ts';
import { ascendingOrder, dropLowest } from './order.ts';
import { type Granularity, groupShape } from './problem.ts';

/** The groups of an [rows × cols] layer: blocks of r × c, row-major, smaller at the bottom and right edges. */
export interface Groups {
  readonly down: number;
  readonly across: number;
  readonly r: number;
  readonly c: number;
  /** Weights in group g = i · across + j. */
  readonly sizes: Uint32Array;
}

export function groupsOf(rows: number, cols: number, granularity: Granularity): Groups {
  const [r, c] = groupShape(granularity, cols);
  const down = Math.ceil(rows / r);
  const across = Math.ceil(cols / c);
  const sizes = new Uint32Array(down * across);
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < across; j++) {
      sizes[i * across + j] = Math.min(r, rows - i * r) * Math.min(c, cols - j * c);
    }
  }
  return { down, across, r, c, sizes };
}

export interface SelectOptions {
  /** Same count in every row of groups (as Wanda does) instead of one ranking over the layer. */
  readonly perRow?: boolean;
  /** Groups that every row of groups keeps whatever their score; the count gives way where it must. */
  readonly rowFloor?: number;
}

/**
 * The mask that keeps the highest scores: the lowest-scoring groups (mean score of their weights, ties by index) are
 * dropped until at most `keep` weights are left. Exactly `keep` for single weights. N:M ignores `keep`: its count is given.
 */
export function selectMask(
  scores: Float64Array,
  rows: number,
  cols: number,
  granularity: Granularity,
  keep: number,
  options: SelectOptions = {},
): Uint8Array {
  assert(scores.length === rows * cols, 'one score per weight');
  assert(
    scores.every((s) => !Number.isNaN(s)),
    'a score is NaN',
  );
  if (granularity.kind === 'nm') return selectNM(scores, rows, cols, granularity.keep, granularity.of);
  const groups = groupsOf(rows, cols, granularity);
  const means = groupMeans(scores, rows, cols, groups);
  if (options.rowFloor) protectRows(means, groups, options.rowFloor);
  return expandGroups(
    options.perRow ? keepPerRow(means, groups, keep) : keepHighest(means, groups.sizes, keep),
    rows,
    cols,
    groups,
  );
}

/**
 * Flags of the groups left when the lowest scores (ties by index) are dropped until at most `keep` weights remain. A
 * score of Infinity is never dropped.
 */
export function keepHighest(scores: Float64Array, sizes: Uint32Array, keep: number): Uint8Array {
  const kept = new Uint8Array(scores.length).fill(1);
  let count = sizes.reduce((a, b) => a + b, 0);
  if (count <= keep) return kept;
  if (sizes.every((n) => n === sizes[0])) {
    dropLowest(scores, Math.ceil((count - keep) / sizes[0]), kept);
    return kept;
  }
  for (const g of ascendingOrder(scores)) {
    if (count <= keep || scores[g] === Infinity) break;
    kept[g] = 0;
    count -= sizes[g];
  }
  return kept;
}

/** One flag per group, spread over its weights. */
export function expandGroups(kept: Uint8Array, rows: number, cols: number, groups: Groups): Uint8Array {
  const mask = new Uint8Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    const base = Math.floor(r / groups.r) * groups.across;
    for (let k = 0; k < cols; k++) mask[r * cols + k] = kept[base + Math.floor(k / groups.c)];
  }
  return mask;
}

export const countKept = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);

/** Weights with +0 wherever the mask drops them. */
export function applyMask(weights: Float64Array, mask: Uint8Array): Float64Array {
  return weights.map((w, i) => (mask[i] ? w : 0));
}

/**
 * Throws `InternalError` unless every dropped weight is exactly zero and the mask keeps at most `keep`: scaling a weight
 * towards zero is not pruning it.
 */
export function assertPruned(weights: Float64Array | Float32Array, mask: Uint8Array, keep: number): void {
  const kept = countKept(mask);
  assert(kept <= keep, `${kept} weights are kept where ${keep} were asked for`);
  let alive = 0;
  for (let i = 0; i < mask.length; i++) if (!mask[i] && !Object.is(weights[i], 0)) alive++;
  assert(alive === 0, `${alive} pruned weights are not zero`);
}

function groupMeans(scores: Float64Array, rows: number, cols: number, groups: Groups): Float64Array {
  if (groups.r === 1 && groups.c === 1) return Float64Array.from(scores);
  const means = new Float64Array(groups.sizes.length);
  for (let r = 0; r < rows; r++) {
    const base = Math.floor(r / groups.r) * groups.across;
    for (let k = 0; k < cols; k++) means[base + Math.floor(k / groups.c)] += scores[r * cols + k];
  }
  return means.map((s, g) => s / groups.sizes[g]);
}

function protectRows(means: Float64Array, groups: Groups, floor: number): void {
  for (let i = 0; i < groups.down; i++) {
    const row = means.subarray(i * groups.across, (i + 1) * groups.across);
    for (const g of ascendingOrder(row).slice(-floor)) row[g] = Infinity;
  }
}

/** Rows get equal counts; the first rows take the remainder. */
function keepPerRow(means: Float64Array, groups: Groups, keep: number): Uint8Array {
  const kept = new Uint8Array(means.length);
  const { down, across, sizes } = groups;
  let left = keep;
  for (let i = 0; i < down; i++) {
    const [from, to] = [i * across, (i + 1) * across];
    const share = Math.ceil(left / (down - i));
    const row = keepHighest(means.subarray(from, to), sizes.subarray(from, to), share);
    kept.set(row, from);
    for (let j = 0; j < across; j++) left -= row[j] * sizes[from + j];
  }
  return kept;
}

function selectNM(scores: Float64Array, rows: number, cols: number, keep: number, of: number): Uint8Array {
  const mask = new Uint8Array(rows * cols);
  const ones = new Uint32Array(of).fill(1);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < cols; k += of) {
      const from = r * cols + k;
      const width = Math.min(of, cols - k);
      mask.set(keepHighest(scores.subarray(from, from + width), ones.subarray(0, width), keep), from);
    }
  }
  return mask;
}
