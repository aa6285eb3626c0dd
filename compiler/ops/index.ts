/** The operators: one line each. */
import conv from './conv.ts';
import type { Op } from './define.ts';
import dense from './dense.ts';
import relu from './relu.ts';
import reshape from './reshape.ts';
import softmax from './softmax.ts';
import transpose from './transpose.ts';

// biome-ignore format: one operator, one line
export const ops: ReadonlyMap<string, Op> = new Map(
  ([
    conv,
    dense,
    relu,
    reshape,
    softmax,
    transpose,
  ] as unknown as Op[]).map((op) => [op.kind, op]),
);
