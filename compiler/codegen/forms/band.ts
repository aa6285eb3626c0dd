/** Two steps, a band of image rows at a time: see `plan/bands.ts`. */
import { tileKernel } from '../../kernels.ts';
import type { Band } from '../../plan/bands.ts';
import { planesOf } from '../../plan/window.ts';
import type { Context } from '../context.ts';
import { writeLinearCalls } from './linear.ts';
import { writeWindowCall } from './window.ts';

export function writeBand(ctx: Context, band: Band): void {
  const { first, second, value, rows, step, kept, height, width, pitch, plane } = band;
  const planes = planesOf(second, ctx.plan, ctx.layouts, ctx.build)!;
  const { geometry, channels, yPitch } = planes;
  const { padTop, padLeft, padBottom, outH, kh } = geometry;
  const between = ctx.base(value);
  ctx.import(`runtime/kernels/${tileKernel.family}`, tileKernel.name);
  ctx.code.line(`const x: usize = ${ctx.start(first.x)};`);
  ctx.code.line(`const y: usize = ${ctx.start(second.y)};`);
  ctx.code.line('let made: i32 = 0;');
  ctx.code.block(`for (let row: i32 = 0; row < ${outH}; row += ${rows})`, () => {
    ctx.code.line(`const rows = min<i32>(${outH} - row, ${rows});`);
    // The rows that the last band shares with this one go to where this one looks for its first.
    ctx.code.line(
      `if (row > 0) ${tileKernel.name}(${between + rows * step * pitch}, ${between}, ${channels.size}, ${plane}, ${plane}, ${kept * pitch});`,
    );
    ctx.code.line(`const until = min<i32>((row + rows - 1) * ${step} + ${kh - padTop}, ${height});`);
    ctx.code.block('if (until > made)', () => {
      ctx.code.line(`const to: usize = ${between} + <usize>(row > 0 ? ${kept} : ${padTop}) * ${pitch};`);
      writeLinearCalls(ctx, first, {
        x: `x + <usize>made * ${pitch}`,
        y: 'to',
        pixels: `(until - made - 1) * ${pitch / 4} + ${width}`,
        rows: '(until - made)',
      });
      ctx.code.line('made = until;');
    });
    writeWindowCall(ctx, second, planes, {
      x: String(between - 4 * padLeft),
      y: `y + <usize>row * ${yPitch}`,
      padTop: `max<i32>(0, ${padTop} - row * ${step})`,
      padBottom: `max<i32>(0, ${padBottom} - (${outH} - row - rows) * ${step})`,
      outH: 'rows',
    });
  });
}
