/** `pointwise`: loops over all dimensions, vectors of four along one that is contiguous for everybody. */
import type { PointwiseStep } from '../../plan/forms.ts';
import { aligns, type Loop, nest } from '../../plan/nest.ts';
import { readsPadding } from '../../plan/view.ts';
import { access, type Context } from '../context.ts';
import { vectorLoop, writeLoops, writeVectorLoop } from '../loops.ts';
import { guardedLoad } from './guard.ts';

export function writePointwise(ctx: Context, step: PointwiseStep): void {
  const views = [step.y, ...step.args];
  const operands = views.map((v) => ctx.operand(v));
  const dims = [...step.y.dims.keys()];
  if (step.args.some(readsPadding) || !aligns(views, dims)) {
    guardedLoad(ctx, step.y, step.args, (loads) => ctx.scalar(step.expr, loads));
    return;
  }
  const loops = nest(operands, dims);
  const pointers = views.map((v, i) => {
    const name = ctx.fresh(i === 0 ? 'y' : 'x');
    ctx.code.line(`const ${name}: usize = ${ctx.start(v)};`);
    return name;
  });
  const store = access[ctx.dtype(step.y)].store;
  const scalar = ([y, ...xs]: readonly string[]) =>
    void ctx.code.line(
      `${store}(${y}, ${ctx.scalar(
        step.expr,
        step.args.map((a, i) => ctx.load(a, xs[i])),
      )});`,
    );
  const wide = ctx.vector && operands.every((o) => o.dtype === 'float32' || o.dtype === 'int32');
  const at = wide ? vectorLoop(loops) : -1;
  if (at < 0) {
    writeLoops(ctx, loops, pointers, scalar);
    return;
  }
  const inner: Loop = loops[at];
  const outer = loops.filter((_, i) => i !== at);
  writeLoops(ctx, outer, pointers, (current) => {
    const splats = step.args.map((_, i) => {
      if (inner.strides[i + 1] !== 0) return undefined;
      const name = ctx.fresh('c');
      ctx.code.line(`const ${name} = v128.load32_splat(${current[i + 1]});`);
      return name;
    });
    const vector = ([y, ...xs]: readonly string[]) =>
      void ctx.code.line(
        `v128.store(${y}, ${ctx.lanes(
          step.expr,
          step.args.map((_, i) => splats[i] ?? `v128.load(${xs[i]})`),
        )});`,
      );
    writeVectorLoop(ctx, inner, current, vector, scalar);
  });
}
