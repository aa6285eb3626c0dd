/**
 * `move`: whole copies, strided copies, and copies into buffers with margins or phases. Padding is filled first, then what is
 * inside is copied.
 */
import { elementBytes } from '../../ir/tensor.ts';
import type { MoveStep } from '../../plan/forms.ts';
import { type Layout, strideOf } from '../../plan/layout.ts';
import { type Loop, nest, startBytes } from '../../plan/nest.ts';
import { dimSize, extent, readsPadding, sliceView, type View } from '../../plan/view.ts';
import { access, type Context } from '../context.ts';
import { vectorLoop, writeLoops, writeVectorLoop } from '../loops.ts';
import { guardedLoad } from './guard.ts';

export function writeMove(ctx: Context, step: MoveStep): void {
  let pairs: [View, View][] = [[step.x, step.y]];
  if (readsPadding(step.x)) {
    const clipped = clip(step.x, step.y);
    if (!clipped) {
      guardedLoad(ctx, step.y, [step.x], ([v]) => v, step.fill);
      return;
    }
    writeFill(ctx, step.y, step.fill);
    pairs = clipped[0].dims.some((d) => dimSize(d) === 0) ? [] : [clipped];
  }
  for (const [x, y] of pairs) {
    const { layout } = ctx.operand(y);
    const split = splitAxis(ctx, x, y);
    for (const walk of byPhase(ctx, x, y, layout, split)) {
      if (split === undefined) writeCopy(ctx, walk);
      else writeSplit(ctx, walk, split);
    }
  }
}

/** The innermost axis, where neighbours of `x` go alternately to two phases of `y`. */
function splitAxis(ctx: Context, x: View, y: View): number | undefined {
  const { layout, dtype } = ctx.operand(y);
  const axis = layout.order.at(-1);
  if (axis === undefined || layout.phases[axis] !== 2 || elementBytes[dtype] !== 4) return undefined;
  const d = y.dims.findIndex((dim) => dim.some((f) => f.axis === axis));
  if (d < 0 || y.dims[d].length > 1 || y.dims[d][0].step !== 1 || x.dims[d].length > 1) return undefined;
  return strideOf(ctx.operand(x).layout, x.dims[d][0]) === 1 ? axis : undefined;
}

/** Even neighbours along the axis to one phase, odd ones to the other; the last of an odd number by itself. */
function writeSplit(ctx: Context, { x, y, phases }: Walk, axis: number): void {
  const d = y.dims.findIndex((dim) => dim.some((f) => f.axis === axis));
  const size = dimSize(y.dims[d]);
  const w = size & ~1;
  const cut = (v: View, start: number, count: number) => sliceAlong(v, d, start, count, 1);
  if (w > 0) {
    const others = y.dims.map((_, i) => i).filter((i) => i !== d);
    const loops = [...phases, ...nest([ctx.operand(y), ctx.operand(x)], others)];
    const [rows, outer] = [loops.at(-1) ?? { size: 1, strides: [0, 0] }, loops.slice(0, -1)];
    const odd = startBytes(ctx.operand(cut(y, 1, 1))) - startBytes(ctx.operand(y));
    ctx.import('runtime/kernels/move', 'f32_move_split2_1x8');
    writeWalk(ctx, x, y, outer, ([to, from]) => {
      const args = [
        from,
        to,
        distance(odd),
        rows.size,
        w,
        ...[rows.strides[1], rows.strides[0]].map(distance),
      ];
      ctx.code.line(`f32_move_split2_1x8(${args.join(', ')});`);
    });
  }
  if (w < size) writeCopy(ctx, { x: cut(x, w, 1), y: cut(y, w, 1), phases });
}

/** `count` places of dimension `d`, `step` apart from `start` on, and all of the others. */
const sliceAlong = (v: View, d: number, start: number, count: number, step: number): View =>
  sliceView(
    v,
    v.dims.map((_, i) => (i === d ? start : 0)),
    v.dims.map((dim, i) => (i === d ? count : dimSize(dim))),
    v.dims.map((_, i) => (i === d ? step : 1)),
  )!;

/** Loops from the starts of both views. */
function writeWalk(
  ctx: Context,
  x: View,
  y: View,
  loops: readonly Loop[],
  body: (pointers: readonly string[]) => void,
): void {
  const from = ctx.fresh('x');
  const to = ctx.fresh('y');
  ctx.code.line(`const ${to}: usize = ${ctx.start(y)};`);
  ctx.code.line(`const ${from}: usize = ${ctx.start(x)};`);
  writeLoops(ctx, loops, [to, from], body);
}

/** A transposition: `x` is contiguous along one loop, `y` along another. */
function writePlanar(
  ctx: Context,
  x: View,
  y: View,
  loops: readonly Loop[],
  channel: Loop,
  pixel: Loop,
): void {
  const others = loops.filter((l) => l !== channel && l !== pixel);
  const [rows, outer] = [others.at(-1) ?? { size: 1, strides: [0, 0] }, others.slice(0, -1)];
  ctx.import('runtime/kernels/move', 'f32_move_planar_4x4');
  writeWalk(ctx, x, y, outer, ([to, from]) => {
    const sizes = [channel.size, rows.size, pixel.size];
    const bytes = [pixel.strides[1], rows.strides[1], channel.strides[0], rows.strides[0]];
    ctx.code.line(`f32_move_planar_4x4(${[from, to, ...sizes, ...bytes.map(distance)].join(', ')});`);
  });
}

/** Backwards distances wrap around. */
const distance = (bytes: number) => (bytes < 0 ? `<usize>(${bytes})` : String(bytes));

function writeCopy(ctx: Context, { x, y, phases }: Walk): void {
  const operands = [ctx.operand(y), ctx.operand(x)];
  const bytes = elementBytes[ctx.dtype(y)];
  const inside = nest(
    operands,
    y.dims.map((_, d) => d),
  );
  const loops = [...phases, ...inside];
  const inner = loops.at(-1);
  const run = inner?.strides[0] === bytes && inner.strides[1] === bytes ? inner.size * bytes : 0;
  if (run >= 64 || (run > 0 && loops.length === 1)) {
    writeWalk(
      ctx,
      x,
      y,
      loops.slice(0, -1),
      ([q, p]) => void ctx.code.line(`memory.copy(${q}, ${p}, ${run});`),
    );
    return;
  }
  const scalar = ([q, p]: readonly string[]) =>
    void ctx.code.line(`${access[ctx.dtype(y)].store}(${q}, ${ctx.load(x, p)});`);
  const at = ctx.vector && bytes === 4 ? vectorLoop(loops) : -1;
  if (at >= 0) {
    const load = loops[at].strides[1] === 0 ? 'v128.load32_splat' : 'v128.load';
    const vector = ([q, p]: readonly string[]) => void ctx.code.line(`v128.store(${q}, ${load}(${p}));`);
    const outer = loops.filter((_, i) => i !== at);
    writeWalk(ctx, x, y, outer, (current) => writeVectorLoop(ctx, loops[at], current, vector, scalar));
    return;
  }
  const channel = loops.find((l) => l.strides[1] === 4);
  const pixel = loops.find((l) => l.strides[0] === 4 && l.size >= 4);
  if (bytes === 4 && channel && pixel && channel !== pixel) writePlanar(ctx, x, y, loops, channel, pixel);
  else writeWalk(ctx, x, y, loops, scalar);
}

/** Stores `fill` into every element of the view. */
function writeFill(ctx: Context, y: View, fill: number): void {
  const bytes = elementBytes[ctx.dtype(y)];
  const loops = nest(
    [ctx.operand(y)],
    y.dims.map((_, d) => d),
  );
  const to = ctx.fresh('y');
  ctx.code.line(`const ${to}: usize = ${ctx.start(y)};`);
  const inner = loops.at(-1);
  if (Object.is(fill, 0) && inner && inner.strides[0] === bytes) {
    const run = inner.size * bytes;
    writeLoops(ctx, loops.slice(0, -1), [to], ([q]) => void ctx.code.line(`memory.fill(${q}, 0, ${run});`));
    return;
  }
  writeLoops(
    ctx,
    loops,
    [to],
    ([q]) => void ctx.code.line(`${access[ctx.dtype(y)].store}(${q}, ${ctx.literal(fill, ctx.dtype(y))});`),
  );
}

/** Both views without what `x` reads outside; `undefined` where an axis is walked by several loops. */
function clip(x: View, y: View): [View, View] | undefined {
  const reach = extent(x);
  const starts = x.dims.map(() => 0);
  const sizes = x.dims.map(dimSize);
  for (let a = 0; a < x.shape.length; a++) {
    if (reach[a].low >= 0 && reach[a].high < x.shape[a]) continue;
    const d = x.dims.findIndex((dim) => dim.some((f) => f.axis === a));
    const f = d < 0 ? undefined : x.dims[d][0];
    if (!f || x.dims[d].length > 1 || x.dims.flat().filter((g) => g.axis === a).length > 1 || f.step < 0)
      return undefined;
    const first = Math.max(0, Math.ceil(-x.origin[a] / f.step));
    const end = Math.min(f.size, Math.ceil((x.shape[a] - x.origin[a]) / f.step));
    starts[d] = Math.min(first, f.size);
    sizes[d] = Math.max(0, end - first);
  }
  const ones = x.dims.map(() => 1);
  const [cx, cy] = [sliceView(x, starts, sizes, ones), sliceView(y, starts, sizes, ones)];
  return cx && cy ? [cx, cy] : undefined;
}

/** A pair of views, each an even walk, once for every step of the loops over phases: strides of y and x. */
interface Walk {
  readonly x: View;
  readonly y: View;
  readonly phases: readonly Loop[];
}

/** The phases of y's layout but those of axis `except`; such as hold as much as each other, at even distances, are a loop. */
function byPhase(ctx: Context, x: View, y: View, layout: Layout, except?: number): Walk[] {
  let walks: Walk[] = [{ x, y, phases: [] }];
  layout.phases.forEach((s, axis) => {
    if (s === 1 || axis === except) return;
    walks = walks.flatMap((walk) => {
      const d = walk.y.dims.findIndex((dim) => dim.some((f) => f.axis === axis));
      if (d < 0) return [walk];
      const size = dimSize(walk.y.dims[d]);
      const parts = Array.from({ length: Math.min(s, size) }, (_, phase) => {
        const count = Math.ceil((size - phase) / s);
        const views = [walk.y, walk.x].map((v) => sliceAlong(v, d, phase, count, s));
        return { count, views, starts: views.map((v) => startBytes(ctx.operand(v))) };
      });
      return runsOf(parts).map(({ first, size, strides }) => ({
        y: first.views[0],
        x: first.views[1],
        phases: size > 1 ? [...walk.phases, { size, strides }] : walk.phases,
      }));
    });
  });
  return walks;
}

/** Neighbours of one size at even distances, as loops from the first of them. */
function runsOf<P extends { readonly count: number; readonly starts: readonly number[] }>(
  parts: readonly P[],
): (Loop & { readonly first: P })[] {
  const runs: (Loop & { first: P; last: P })[] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    const strides = part.starts.map((at, i) => at - (run?.last.starts[i] ?? 0));
    if (run?.first.count === part.count && (run.size === 1 || String(strides) === String(run.strides)))
      runs[runs.length - 1] = { ...run, size: run.size + 1, strides, last: part };
    else runs.push({ size: 1, strides: [], first: part, last: part });
  }
  return runs;
}
