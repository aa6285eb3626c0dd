/**
 * Runtime routines: what no loop form expresses. `define` is the meaning; the AssemblyScript function of the same name in
 * `runtime/routines/<file>.ts` is called with the byte addresses of args and results, then `params(…)` as i32 or f32
 * literals.
 */
import type { Tensor } from '../ir/tensor.ts';
import { gather, gatherElements, gatherND } from './routines/gather.ts';
import { matmul } from './routines/matmul.ts';
import { scatterElements, scatterND } from './routines/scatter.ts';
import { topK } from './routines/topk.ts';

export interface Routine {
  /** File under `runtime/routines/`, without `.ts`. */
  readonly file: string;
  /** Writes the elements of `results`. */
  define(args: readonly Tensor[], results: readonly Tensor[], params: readonly number[]): void;
}

export const routines: Readonly<Record<string, Routine>> = {
  gather,
  gatherElements,
  gatherND,
  matmul,
  scatterElements,
  scatterND,
  topK,
  topKInt: topK,
};
