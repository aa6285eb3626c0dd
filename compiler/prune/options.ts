/** What pruning can be asked for. */
import { usage } from '../errors.ts';
import type { AllocationPolicy } from './math/allocate.ts';
import type { Granularity } from './math/problem.ts';
import type { Method } from './math/prunelayer.ts';

/** A rule for the layers whose names fit; `*` stands for any characters. Without `sparsity` or `keep`: lifts the protection. */
export interface LayerRule {
  readonly pattern: string;
  /** Share of zeros, instead of what the allocation gives. */
  readonly sparsity?: number;
  /** Leave it alone. */
  readonly keep?: boolean;
}

export interface PruneOptions {
  /** Share of zeros among the weights of the layers that are pruned, 0 … 1. */
  readonly sparsity?: number;
  /** Instead of `sparsity`: every weight of smaller magnitude goes. */
  readonly threshold?: number;
  /** `auto`: the best that the data allow. */
  readonly method?: Method | 'auto';
  readonly allocation?: AllocationPolicy;
  readonly granularity?: Granularity;
  readonly layers?: readonly LayerRule[];
  readonly seed?: number;
}

/**
 * `element`, `4x1` (rows × columns), `2:4`, `channel`.
 *
 * @throws {CompileError} E_USAGE
 */
export function parseGranularity(text: string): Granularity {
  if (text === 'element') return { kind: 'element' };
  if (text === 'channel') return { kind: 'row' };
  const block = /^([1-9]\d?)x([1-9]\d?)$/.exec(text);
  if (block) return { kind: 'block', rows: Number(block[1]), cols: Number(block[2]) };
  const nm = /^([1-9]\d?):([1-9]\d?)$/.exec(text);
  if (nm && Number(nm[1]) <= Number(nm[2])) return { kind: 'nm', keep: Number(nm[1]), of: Number(nm[2]) };
  throw usage(`granularity ${JSON.stringify(text)} is unknown`, 'element, 4x1, 1x4, 2x1, 2:4 or channel');
}

/** Throws `E_USAGE` for what can't be done. */
export function checkOptions(o: PruneOptions): void {
  const share = (name: string, v: number | undefined) => {
    if (v !== undefined && !(v >= 0 && v < 1))
      throw usage(`${name} must be at least 0 and below 1, not ${v}`);
  };
  share('sparsity', o.sparsity);
  for (const r of o.layers ?? []) share(`the sparsity of ${JSON.stringify(r.pattern)}`, r.sparsity);
  if (o.threshold !== undefined && !(o.threshold >= 0))
    throw usage(`threshold must be at least 0, not ${o.threshold}`);
  if (o.threshold !== undefined && o.sparsity !== undefined) {
    throw usage('threshold and sparsity exclude each other', 'a sparsity is the safer of the two');
  }
}
