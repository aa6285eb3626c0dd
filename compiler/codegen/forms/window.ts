/** `window`: a kernel over planes where the views are planes; plain loops otherwise. */
import type { WindowStep } from '../../plan/forms.ts';
import { dimSize } from '../../plan/view.ts';
import { type Planes, planesOf } from '../../plan/window.ts';
import type { Context } from '../context.ts';
import { textsOf } from '../kernel-call.ts';
import { writeLoops } from '../loops.ts';
import { guardedAddress, indexLoops } from './guard.ts';
import { finishScalar } from './linear.ts';

export function writeWindow(ctx: Context, step: WindowStep): void {
  const planes = planesOf(step, ctx.plan, ctx.layouts, ctx.build);
  if (!planes) {
    writePlain(ctx, step);
    return;
  }
  const [x, y] = [ctx.fresh('x'), ctx.fresh('y')];
  ctx.code.line(`const ${x}: usize = ${ctx.start(step.x)};`);
  ctx.code.line(`const ${y}: usize = ${ctx.start(step.y)};`);
  writeLoops(ctx, planes.outer, [x, y], ([px, py]) => writeWindowCall(ctx, step, planes, { x: px, y: py }));
}

/** One call of the kernel; `own` arguments as texts. */
export function writeWindowCall(
  ctx: Context,
  step: WindowStep,
  { kernel, channels, geometry, xPitch, yPitch }: Planes,
  own: Readonly<Record<string, string>>,
): void {
  ctx.import(`runtime/kernels/${kernel.family}`, kernel.name);
  const epilogue = ctx.epilogue(step, step.epilogue);
  const [xC, yC] = channels.strides;
  const known: Record<string, string> = {
    ...textsOf({ ...geometry, channels: channels.size, xC, yC, xPitch, yPitch }),
    e0: epilogue.operands[0][0],
    e1: epilogue.operands[0][1],
  };
  if (step.weights !== undefined) {
    const { data } = ctx.plan.values.get(step.weights)!;
    known.weights = String(ctx.data(data!, `${step.name}:weights`));
    known.bias = String(ctx.data(biasOf(ctx, step, channels.size), `${step.name}:bias`));
  }
  const args = kernel.args.map((a) => own[a] ?? known[a]);
  ctx.code.line(`${kernel.name}<${epilogue.name}>(${args.join(', ')});`);
}

function biasOf(ctx: Context, step: WindowStep, channels: number): Float32Array {
  const out = new Float32Array(channels);
  if (step.bias !== undefined) out.set(ctx.plan.values.get(step.bias)!.data!);
  return out;
}

function writePlain(ctx: Context, step: WindowStep): void {
  const sizes = step.y.dims.map(dimSize);
  const taps = dimSize(step.x.dims[2]);
  const weights =
    step.weights === undefined
      ? 0
      : ctx.data(ctx.plan.values.get(step.weights)!.data!, `${step.name}:weights`);
  const bias =
    step.bias === undefined ? 0 : ctx.data(ctx.plan.values.get(step.bias)!.data!, `${step.name}:bias`);
  indexLoops(ctx, sizes, ([o, c, p]) => {
    const acc = ctx.fresh('a');
    const inside = ctx.fresh('n');
    const start =
      step.reduce === 'max' ? 'f32.NEGATIVE_INFINITY' : bias ? `load<f32>(${bias} + (${c} << 2))` : '0';
    ctx.code.line(`let ${acc}: f32 = ${start};`);
    ctx.code.line(`let ${inside}: i32 = 0;`);
    indexLoops(ctx, [taps], ([k]) => {
      const read = guardedAddress(ctx, step.x, [o, c, k, p]);
      ctx.code.block(read.inside ? `if (${read.inside})` : '', () => {
        const v = `load<f32>(${read.address})`;
        if (step.reduce === 'max') ctx.code.line(`${acc} = max<f32>(${acc}, ${v});`);
        else if (weights)
          ctx.code.line(`${acc} += ${v} * load<f32>(${weights} + ((${c} * ${taps} + ${k}) << 2));`);
        else ctx.code.line(`${acc} += ${v};`);
        ctx.code.line(`${inside}++;`);
      });
    });
    const value = step.reduce === 'mean' ? `(${acc} / <f32>${inside})` : acc;
    const y = guardedAddress(ctx, step.y, [o, c, p]).address;
    const operands = (step.epilogue?.args ?? []).map((a) => guardedAddress(ctx, a, [o, c, p]).address);
    ctx.code.line(`store<f32>(${y}, ${finishScalar(ctx, step, value, operands)});`);
  });
}
