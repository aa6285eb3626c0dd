import type { Tensor } from '../../ir/tensor.ts';

/**
 * What no loop form expresses. `define` is the meaning; the AssemblyScript function of the same name in `runtime/routines/<file>.ts`
 * is called with the byte addresses of args and results, then `params(…)` as i32 or f32 literals.
 */
export interface Routine {
  /** File under `runtime/routines/`, without `.ts`. */
  readonly file: string;
  /** Writes the elements of `results`. */
  define(args: readonly Tensor[], results: readonly Tensor[], params: readonly number[]): void;
}
