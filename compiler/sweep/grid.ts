/** What a sweep tries: every sparsity with every method, granularity and allocation. */
import { usage } from '../errors.ts';
import { type allocations, type Method, parseGranularity } from '../prune/index.ts';

export type Allocation = (typeof allocations)[number];

export interface Grid {
  /** Shares of zeros, 0 … 1. */
  readonly sparsities: readonly number[];
  readonly methods: readonly (Method | 'auto')[];
  /** As `parseGranularity` reads them. */
  readonly granularities: readonly string[];
  readonly allocations: readonly Allocation[];
}

export const defaultGrid: Grid = {
  sparsities: [0.5, 0.7, 0.8, 0.9, 0.95],
  methods: ['auto'],
  granularities: ['element', '4x1'],
  allocations: ['lamp'],
};

export interface Point {
  /** Unique in the grid, and a file name. */
  readonly id: string;
  readonly sparsity: number;
  readonly method: Method | 'auto';
  readonly granularity: string;
  readonly allocation: Allocation;
}

/** Part `index`, from 1, of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** All points in a fixed order. Of N:M, whose sparsity is given, there is one. Throws `E_USAGE`. */
export function pointsOf({ sparsities, methods, granularities, allocations }: Grid): Point[] {
  for (const s of sparsities) {
    if (!(s >= 0 && s < 1)) throw usage(`a sparsity must be at least 0 and below 1, not ${s}`);
  }
  const points = new Map<string, Point>();
  for (const method of methods) {
    for (const granularity of granularities) {
      const g = parseGranularity(granularity);
      const levels = g.kind === 'nm' ? [1 - g.keep / g.of] : sparsities;
      for (const allocation of allocations) {
        for (const sparsity of [...levels].sort((a, b) => a - b)) {
          const id = [method, granularity.replace(':', 'of'), allocation, sparsity].join('_');
          points.set(id, { id, sparsity, method, granularity, allocation });
        }
      }
    }
  }
  if (points.size === 0) throw usage('the grid of the sweep is empty');
  return [...points.values()];
}

/** Every `count`-th, so that sparsities and methods, which take different times, are spread. */
export const shardOf = (points: readonly Point[], { index, count }: Shard): Point[] =>
  points.filter((_, i) => i % count === index - 1);

/** `2/3`. Throws `E_USAGE`. */
export function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count))
    throw usage(`${JSON.stringify(text)} is no shard`, 'as 1/4, up to 4/4');
  return { index, count };
}
