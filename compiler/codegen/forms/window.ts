/** `window`: a kernel over planes where the views are planes; plain loops otherwise. */
import { chooseWindow, noPadding, type WindowKernel } from '../../kernels.ts';
import type { WindowStep } from '../../plan/forms.ts';
import { strideOf } from '../../plan/layout.ts';
import { type Loop, nest } from '../../plan/nest.ts';
import { dimSize, paddingOf } from '../../plan/view.ts';
import { type Geometry, geometryOf, padsItself, windowOp } from '../../plan/window.ts';
import type { Context } from '../context.ts';
import { textsOf } from '../kernel-call.ts';
import { writeLoops } from '../loops.ts';
import { guardedAddress, indexLoops } from './guard.ts';
import { finishScalar } from './linear.ts';

export function writeWindow(ctx: Context, step: WindowStep): void {
  const planes = planesOf(ctx, step);
  if (planes) writeKernel(ctx, step, planes);
  else writePlain(ctx, step);
}

interface Planes {
  readonly kernel: WindowKernel;
  readonly outer: readonly Loop[];
  readonly channels: Loop;
  readonly geometry: Geometry;
  readonly xPitch: number;
  readonly yPitch: number;
}

/** The step as windows over planes with rows of neighbours, if that is what its views are. */
function planesOf(ctx: Context, step: WindowStep): Planes | undefined {
  const x = ctx.operand(step.x);
  const y = ctx.operand(step.y);
  if (x.dtype !== 'float32' || x.layout.phases.some((p) => p > 1)) return undefined;
  if (step.reduce === 'sum' && step.weights === undefined) return undefined;
  const outside = paddingOf(step.x);
  if (outside.flat().some((n) => n > 0) && step.reduce === 'mean') return undefined;

  const axes = [...x.layout.order].slice(-2);
  const [row, column] = axes.length === 2 ? axes : [-1, axes[0]];
  const own = geometryOf(step, row, column);
  if (!own) return undefined;
  const pads = padsItself(step, row, column);
  // A kernel that doesn't pad needs margins that hold the neutral element.
  if (!pads && outside.some(([b, a], i) => b > x.layout.before[i] || a > x.layout.after[i])) return undefined;
  const geometry = pads ? own : { ...own, ...noPadding };

  const yRows = y.view.dims[2];
  const yLoops = nest([y], [2]);
  const inner = yLoops.at(-1);
  if (yRows.length > 2 || (inner && inner.strides[0] !== 4)) return undefined;
  const { outH, outW } = geometry;
  const yPitch = yRows.length === 2 ? strideOf(y.layout, yRows[0])! * 4 : outW * 4;
  if (yRows.length === 2 && (yRows[0].size !== outH || yRows[1].size !== outW)) return undefined;
  if (yRows.length === 1 && outH > 1 && outW > 1 && strideOf(y.layout, yRows[0]) !== 1) return undefined;
  const channels = nest([x, y], [1]);
  if (channels.length > 1) return undefined;
  const all = channels[0] ?? { size: 1, strides: [0, 0] };
  const c = { op: windowOp[step.reduce], channels: all.size, build: ctx.build, ...geometry };
  const kernel = chooseWindow(c)?.kernel;
  return (
    kernel && {
      kernel,
      outer: nest([x, y], [0]),
      channels: all,
      geometry,
      xPitch: row < 0 ? 0 : x.layout.strides[row] * 4,
      yPitch,
    }
  );
}

function writeKernel(ctx: Context, step: WindowStep, p: Planes): void {
  const { kernel } = p;
  ctx.import(`runtime/kernels/${kernel.family}`, kernel.name);
  const epilogue = ctx.epilogue(step, step.epilogue);
  const known: Record<string, string> = {
    ...textsOf({ ...p.geometry }),
    channels: String(p.channels.size),
    xC: String(p.channels.strides[0]),
    yC: String(p.channels.strides[1]),
    xPitch: String(p.xPitch),
    yPitch: String(p.yPitch),
    e0: epilogue.operands[0][0],
    e1: epilogue.operands[0][1],
  };
  if (step.weights !== undefined) {
    const { data } = ctx.plan.values.get(step.weights)!;
    known.weights = String(ctx.data(data!, `${step.name}:weights`));
    known.bias = String(ctx.data(biasOf(ctx, step, p.channels.size), `${step.name}:bias`));
  }
  const [x, y] = [ctx.fresh('x'), ctx.fresh('y')];
  ctx.code.line(`const ${x}: usize = ${ctx.start(step.x)};`);
  ctx.code.line(`const ${y}: usize = ${ctx.start(step.y)};`);
  writeLoops(ctx, p.outer, [x, y], ([px, py]) => {
    const args = kernel.args.map((a) => (a === 'x' ? px : a === 'y' ? py : known[a]));
    ctx.code.line(`${kernel.name}<${epilogue.name}>(${args.join(', ')});`);
  });
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
