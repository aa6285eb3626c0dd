/** Steps that run together, a band of image rows at a time: see `plan/bands.ts`. */
import { tileKernel } from '../../kernels.ts';
import { type Band, type Between, keptRows } from '../../plan/bands.ts';
import type { LinearStep, WindowStep } from '../../plan/forms.ts';
import { planesOf } from '../../plan/window.ts';
import type { Context } from '../context.ts';
import { writeLinearCalls } from './linear.ts';
import { writeWindowCall } from './window.ts';

export function writeBand(ctx: Context, { steps, between, height, rows }: Band): void {
  const last = between.length;
  ctx.code.line(`const x: usize = ${ctx.start(steps[0].x)};`);
  ctx.code.line(`const y: usize = ${ctx.start(steps[last].y)};`);
  // Rows that are made of each step's image, and the one that each buffer begins with.
  for (const k of steps.keys()) ctx.code.line(`let made${k}: i32 = 0;`);
  between.forEach(({ reader }, k) => void ctx.code.line(`let base${k}: i32 = ${-reader.padTop};`));
  ctx.code.block(`while (made${last} < ${height})`, () => {
    ctx.code.line(`const end${last} = min<i32>(made${last} + ${rows}, ${height});`);
    for (const [k, { reader, height }] of [...between.entries()].reverse()) {
      const seen = `(end${k + 1} - 1) * ${reader.step} + ${reader.kh - reader.padTop}`;
      ctx.code.line(`const end${k} = min<i32>(${seen}, ${height});`);
    }
    steps.forEach((step, k) => {
      if (k < last) writeSlide(ctx, between[k], k);
      ctx.code.block(`if (end${k} > made${k})`, () => {
        if (step.form === 'linear') writeLinearRows(ctx, step, between, k);
        else writeWindowRows(ctx, step, between, k);
        ctx.code.line(`made${k} = end${k};`);
      });
    });
  });
}

/** The rows that the last band shares with this one go to where this one looks for its first. */
function writeSlide(ctx: Context, b: Between, k: number): void {
  const { step, padTop } = b.reader;
  const kept = keptRows(b.reader);
  ctx.code.line(`const from${k} = made${k + 1} * ${step} - ${padTop};`);
  if (kept > 0) {
    const buffer = ctx.base(b.value);
    ctx.import(`runtime/kernels/${tileKernel.family}`, tileKernel.name);
    ctx.code.line(
      `if (from${k} > base${k}) ${tileKernel.name}(${buffer} + <usize>(from${k} - base${k}) * ${b.pitch}, ${buffer}, ${b.channels}, ${b.plane}, ${b.plane}, ${kept * b.pitch});`,
    );
  }
  ctx.code.line(`base${k} = from${k};`);
}

/** Where the next rows of step `k` go. */
const target = (ctx: Context, between: readonly Between[], k: number, pitch: number): string => {
  const b = between[k];
  if (!b) return `y + <usize>made${k} * ${pitch}`;
  return `${ctx.base(b.value)} + <usize>(made${k} - base${k}) * ${b.pitch}`;
};

function writeLinearRows(ctx: Context, step: LinearStep, between: readonly Between[], k: number): void {
  const { pitch, width } = between[k] ?? between[k - 1];
  const rows = `(end${k} - made${k})`;
  writeLinearCalls(ctx, step, {
    x: k === 0 ? `x + <usize>made0 * ${pitch}` : String(ctx.base(between[k - 1].value)),
    y: target(ctx, between, k, pitch),
    pixels: `(${rows} - 1) * ${pitch / 4} + ${width}`,
    rows,
  });
}

function writeWindowRows(ctx: Context, step: WindowStep, between: readonly Between[], k: number): void {
  const planes = planesOf(step, ctx.plan, ctx.layouts, ctx.build)!;
  const { padTop, padLeft, padBottom, strideY, outH } = planes.geometry;
  writeWindowCall(ctx, step, planes, {
    x:
      k === 0
        ? `x + <usize>made0 * ${strideY * planes.xPitch}`
        : String(ctx.base(between[k - 1].value) - 4 * padLeft),
    y: target(ctx, between, k, planes.yPitch),
    padTop: `max<i32>(0, ${padTop} - made${k} * ${strideY})`,
    padBottom: `max<i32>(0, ${padBottom} - (${outH} - end${k}) * ${strideY})`,
    outH: `(end${k} - made${k})`,
  });
}
