/** `scan`: a loop over time in which moving values are shifted by a variable. */
import { elementBytes } from '../../ir/tensor.ts';
import type { ScanStep } from '../../plan/forms.ts';
import type { Context } from '../context.ts';
import { writeStep } from '../steps.ts';

export function writeScan(ctx: Context, step: ScanStep): void {
  const n = ctx.fresh('t');
  ctx.code.block(`for (let ${n}: i32 = 0; ${n} < ${step.count}; ${n}++)`, () => {
    const t = step.reverse ? `<usize>(${step.count - 1} - ${n})` : `<usize>${n}`;
    const shifts = new Map<number, string>();
    for (const m of step.moving) {
      const v = ctx.plan.values.get(m.value)!;
      const bytes = m.step * ctx.layouts.get(m.value)!.strides[m.axis] * elementBytes[v.dtype];
      const shift = `${t} * ${bytes}`;
      shifts.set(m.value, shifts.has(m.value) ? `${shifts.get(m.value)} + ${shift}` : shift);
    }
    ctx.withShifts(shifts, () => {
      for (const s of step.body) ctx.code.block('', () => writeStep(ctx, s));
    });
  });
}
