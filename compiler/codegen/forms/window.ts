/** `window`: a kernel over planes where the views are planes; plain loops otherwise. */
import { chooseWindow, noPadding, type Padding, type WindowKernel, type WindowOp } from '../../kernels.ts';
import type { WindowStep } from '../../plan/forms.ts';
import { strideOf } from '../../plan/layout.ts';
import { type Loop, nest } from '../../plan/nest.ts';
import { dimSize, type Factor, paddingOf } from '../../plan/view.ts';
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
  readonly padding: Padding;
  readonly outer: readonly Loop[];
  readonly channels: Loop;
  readonly kh: number;
  readonly kw: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly outH: number;
  readonly outW: number;
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
  if (outside.some(([b, a]) => b > 0 || a > 0) && step.reduce === 'mean') return undefined;

  const axes = [...x.layout.order].slice(-2);
  const [row, column] = axes.length === 2 ? axes : [-1, axes[0]];
  const on = (factors: readonly Factor[], axis: number) => factors.filter((f) => f.axis === axis);
  const [taps, positions] = [step.x.dims[2], step.x.dims[3]];
  if ([...taps, ...positions].some((f) => f.axis !== row && f.axis !== column)) return undefined;
  const pick = (factors: readonly Factor[], axis: number) => {
    const list = on(factors, axis);
    return list.length > 1 ? undefined : (list[0] ?? { size: 1, axis, step: 1 });
  };
  const [kh, kw, oh, ow] = [
    pick(taps, row),
    pick(taps, column),
    pick(positions, row),
    pick(positions, column),
  ];
  if (!kh || !kw || !oh || !ow || [kh, kw, oh, ow].some((f) => f.step < 1)) return undefined;
  // Order inside the dimensions: rows outside columns.
  for (const list of [taps, positions]) if (list.length === 2 && list[0].axis !== row) return undefined;
  const yRows = y.view.dims[2];
  const yLoops = nest([y], [2]);
  const inner = yLoops.at(-1);
  if (yRows.length > 2 || (inner && inner.strides[0] !== 4)) return undefined;
  const yPitch = yRows.length === 2 ? strideOf(y.layout, yRows[0])! * 4 : ow.size * 4;
  if (yRows.length === 2 && (yRows[0].size !== oh.size || yRows[1].size !== ow.size)) return undefined;
  if (yRows.length === 1 && oh.size > 1 && ow.size > 1 && strideOf(y.layout, yRows[0]) !== 1)
    return undefined;
  const channels = nest([x, y], [1]);
  if (channels.length > 1) return undefined;
  const all = channels[0] ?? { size: 1, strides: [0, 0] };
  const geometry = {
    kh: kh.size,
    kw: kw.size,
    strideY: oh.step,
    strideX: ow.step,
    dilationY: kh.step,
    dilationX: kw.step,
    outH: oh.size,
    outW: ow.size,
  };
  const choose = (padding: Padding) =>
    chooseWindow({
      op: kernelOp[step.reduce],
      channels: all.size,
      build: ctx.build,
      ...geometry,
      ...padding,
    })?.kernel;
  const [[padTop, padBottom], [padLeft, padRight]] = [row, column].map((a) => outside[a] ?? [0, 0]);
  const padding = { padTop, padLeft, padBottom, padRight };
  const elsewhere = outside.some(([b, a], axis) => axis !== row && axis !== column && (b > 0 || a > 0));
  const inMargins = outside.every(([b, a], i) => b <= x.layout.before[i] && a <= x.layout.after[i]);
  const padded = elsewhere ? undefined : choose(padding);
  // A kernel that doesn't pad needs margins that hold the neutral element.
  const kernel = padded ?? (inMargins ? choose(noPadding) : undefined);
  return (
    kernel && {
      kernel,
      padding: padded ? padding : noPadding,
      outer: nest([x, y], [0]),
      channels: all,
      ...geometry,
      xPitch: row < 0 ? 0 : x.layout.strides[row] * 4,
      yPitch,
    }
  );
}

const kernelOp: Record<WindowStep['reduce'], WindowOp> = { sum: 'conv', max: 'max', mean: 'mean' };

function writeKernel(ctx: Context, step: WindowStep, p: Planes): void {
  const { kernel } = p;
  ctx.import(`runtime/kernels/${kernel.family}`, kernel.name);
  const epilogue = ctx.epilogue(step, step.epilogue);
  const known: Record<string, string> = {
    channels: String(p.channels.size),
    xC: String(p.channels.strides[0]),
    yC: String(p.channels.strides[1]),
    kh: String(p.kh),
    kw: String(p.kw),
    strideY: String(p.strideY),
    strideX: String(p.strideX),
    dilationY: String(p.dilationY),
    dilationX: String(p.dilationX),
    ...textsOf({ ...p.padding }),
    outH: String(p.outH),
    outW: String(p.outW),
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
