/**
 * `move`: whole copies, strided copies, and copies into buffers with margins or phases. Padding is filled first, then what is
 * inside is copied.
 */
import { elementBytes } from '../../ir/tensor.ts';
import type { MoveStep } from '../../plan/forms.ts';
import type { Layout } from '../../plan/layout.ts';
import { nest } from '../../plan/nest.ts';
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
  for (const [x, y] of pairs.flatMap(([x, y]) => byPhase(x, y, ctx.operand(y).layout))) writeCopy(ctx, x, y);
}

function writeCopy(ctx: Context, x: View, y: View): void {
  const operands = [ctx.operand(y), ctx.operand(x)];
  const bytes = elementBytes[ctx.dtype(y)];
  const loops = nest(
    operands,
    y.dims.map((_, d) => d),
  );
  const from = ctx.fresh('x');
  const to = ctx.fresh('y');
  ctx.code.line(`const ${to}: usize = ${ctx.start(y)};`);
  ctx.code.line(`const ${from}: usize = ${ctx.start(x)};`);
  const inner = loops.at(-1);
  const run = inner?.strides[0] === bytes && inner.strides[1] === bytes ? inner.size * bytes : 0;
  if (run >= 64 || (run > 0 && loops.length === 1)) {
    writeLoops(
      ctx,
      loops.slice(0, -1),
      [to, from],
      ([q, p]) => void ctx.code.line(`memory.copy(${q}, ${p}, ${run});`),
    );
    return;
  }
  const scalar = ([q, p]: readonly string[]) =>
    void ctx.code.line(`${access[ctx.dtype(y)].store}(${q}, ${ctx.load(x, p)});`);
  const at = ctx.vector && bytes === 4 ? vectorLoop(loops) : -1;
  if (at < 0) {
    writeLoops(ctx, loops, [to, from], scalar);
    return;
  }
  const load = loops[at].strides[1] === 0 ? 'v128.load32_splat' : 'v128.load';
  writeLoops(
    ctx,
    loops.filter((_, i) => i !== at),
    [to, from],
    (current) =>
      writeVectorLoop(
        ctx,
        loops[at],
        current,
        ([q, p]) => void ctx.code.line(`v128.store(${q}, ${load}(${p}));`),
        scalar,
      ),
  );
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

/** One pair of views per combination of phases of y's layout, each of which is an even walk. */
function byPhase(x: View, y: View, layout: Layout): [View, View][] {
  let pairs: [View, View][] = [[x, y]];
  layout.phases.forEach((s, axis) => {
    if (s === 1) return;
    pairs = pairs.flatMap(([px, py]) => {
      const d = py.dims.findIndex((dim) => dim.some((f) => f.axis === axis));
      if (d < 0) return [[px, py] as [View, View]];
      const size = dimSize(py.dims[d]);
      return Array.from({ length: Math.min(s, size) }, (_, phase) => {
        const cut = (v: View) => {
          const one = v.dims.map(() => 1);
          const starts = v.dims.map((_, i) => (i === d ? phase : 0));
          const sizes = v.dims.map((dim, i) => (i === d ? Math.ceil((size - phase) / s) : dimSize(dim)));
          return sliceView(
            v,
            starts,
            sizes,
            one.map((n, i) => (i === d ? s : n)),
          )!;
        };
        return [cut(px), cut(py)] as [View, View];
      });
    });
  });
  return pairs;
}
