/** The routines: one line each. */
import { gather, gatherElements, gatherND } from './gather.ts';
import { matmul } from './matmul.ts';
import type { Routine } from './routine.ts';
import { scatterElements, scatterND } from './scatter.ts';
import { topK } from './topk.ts';

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
