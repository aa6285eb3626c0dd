/** The operators: one line each. */
import averagePool from './averagePool.ts';
import broadcastTo from './broadcastTo.ts';
import concat from './concat.ts';
import conv from './conv.ts';
import convTranspose from './convTranspose.ts';
import type { Op } from './define.ts';
import dense from './dense.ts';
import depthToSpace from './depthToSpace.ts';
import lpPool from './lpPool.ts';
import maxPool from './maxPool.ts';
import pad from './pad.ts';
import relu from './relu.ts';
import reshape from './reshape.ts';
import slice from './slice.ts';
import softmax from './softmax.ts';
import spaceToDepth from './spaceToDepth.ts';
import tile from './tile.ts';
import transpose from './transpose.ts';

// biome-ignore format: one operator, one line
export const ops: ReadonlyMap<string, Op> = new Map(
  ([
    averagePool,
    broadcastTo,
    concat,
    conv,
    convTranspose,
    dense,
    depthToSpace,
    lpPool,
    maxPool,
    pad,
    relu,
    reshape,
    slice,
    softmax,
    spaceToDepth,
    tile,
    transpose,
  ] as unknown as Op[]).map((op) => [op.kind, op]),
);
