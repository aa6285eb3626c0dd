/** Sparsity over training steps. */

export interface Ramp {
  /** Sparsity (share of zeros) at and before step `begin`. */
  readonly from: number;
  /** Sparsity at and after step `end`. */
  readonly to: number;
  readonly begin: number;
  readonly end: number;
}

/** Fast first, where weights are redundant, slow at the end. Zhu & Gupta 2017, "To prune, or not to prune". */
export function cubicSparsity(step: number, { from, to, begin, end }: Ramp): number {
  if (step >= end) return to;
  const done = Math.max(0, (step - begin) / (end - begin));
  return to + (from - to) * (1 - done) ** 3;
}

/** The target from step `begin` on, nothing before. */
export function constantSparsity(step: number, { from, to, begin }: Ramp): number {
  return step < begin ? from : to;
}
