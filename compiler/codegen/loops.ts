/** Loops over pointers: what every form falls back to, and all that simple forms need. */
import type { Loop } from '../plan/nest.ts';
import type { Context } from './context.ts';

/**
 * Writes nested loops. `pointers` are the names of variables that hold the start addresses; inside the innermost loop the
 * names given to `body` hold the current ones. A pointer is stepped only where it moves.
 */
export function writeLoops(
  ctx: Context,
  loops: readonly Loop[],
  pointers: readonly string[],
  body: (pointers: readonly string[]) => void,
): void {
  const [loop, ...rest] = loops;
  if (!loop) {
    body(pointers);
    return;
  }
  const i = ctx.fresh('i');
  const names = pointers.map((p, k) => (loop.strides[k] === 0 ? p : ctx.fresh(p.replace(/\d+$/, ''))));
  names.forEach((n, k) => {
    if (n !== pointers[k]) ctx.code.line(`let ${n}: usize = ${pointers[k]};`);
  });
  ctx.code.block(`for (let ${i}: i32 = 0; ${i} < ${loop.size}; ${i}++)`, () => {
    writeLoops(ctx, rest, names, body);
    names.forEach((n, k) => {
      if (n !== pointers[k]) ctx.code.line(`${n} += ${loop.strides[k]};`);
    });
  });
}

/**
 * Reorders independent loops so that the innermost one runs along neighbours of operand 0 with every other operand moving
 * by its element size or standing still; returns the index of that loop, or -1 where there is none.
 */
export function vectorLoop(loops: readonly Loop[]): number {
  let best = -1;
  loops.forEach((l, i) => {
    const fits = l.strides[0] === 4 && l.strides.every((s) => s === 4 || s === 0) && l.size >= 4;
    if (fits && (best < 0 || l.size > loops[best].size)) best = i;
  });
  return best;
}

/**
 * One loop along vectors of four, with a scalar rest. Operands with stride 0 are the same for all lanes. `vector` and
 * `scalar` write the body for the current pointers.
 */
export function writeVectorLoop(
  ctx: Context,
  loop: Loop,
  pointers: readonly string[],
  vector: (pointers: readonly string[]) => void,
  scalar: (pointers: readonly string[]) => void,
): void {
  const names = pointers.map((p, k) => (loop.strides[k] === 0 ? p : ctx.fresh(p.replace(/\d+$/, ''))));
  names.forEach((n, k) => {
    if (n !== pointers[k]) ctx.code.line(`let ${n}: usize = ${pointers[k]};`);
  });
  const step = (bytes: number) =>
    names.forEach((n, k) => {
      if (n !== pointers[k]) ctx.code.line(`${n} += ${bytes};`);
    });
  const whole = loop.size >> 2;
  const rest = loop.size & 3;
  const i = ctx.fresh('i');
  ctx.code.block(`for (let ${i}: i32 = 0; ${i} < ${whole}; ${i}++)`, () => {
    vector(names);
    step(16);
  });
  if (rest > 0) {
    const j = ctx.fresh('i');
    ctx.code.block(`for (let ${j}: i32 = 0; ${j} < ${rest}; ${j}++)`, () => {
      scalar(names);
      step(4);
    });
  }
}
