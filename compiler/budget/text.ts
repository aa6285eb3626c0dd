/** Budgets in words. */
import { bytes, duration, quantity, significant } from '../bench/format.ts';
import type { Budget } from '../prune/index.ts';

type Kind = keyof Budget;

const spelled: Record<Kind, (v: number) => string> = {
  bytes,
  latencyMs: duration,
  macs: (v) => `${quantity(v)} multiply-accumulates`,
  drop: (v) => `a drop of ${significant(Math.max(0, v), 2)} points`,
};

export const amount = (kind: Kind, value: number): string => spelled[kind](value);

/** `20.0 kB, a drop of 0.50 points`. */
export const amounts = (budget: Budget): string =>
  (Object.keys(spelled) as Kind[])
    .filter((k) => budget[k] !== undefined)
    .map((k) => amount(k, budget[k]!))
    .join(', ');
