/** `call`: a runtime routine on whole values. */
import type { CallStep } from '../../plan/forms.ts';
import { routines } from '../../plan/routines/index.ts';
import { f32Literal } from '../code.ts';
import type { Context } from '../context.ts';

export function writeCall(ctx: Context, step: CallStep): void {
  ctx.import(`runtime/routines/${routines[step.routine].file}`, step.routine);
  const addresses = [...step.args, step.y, ...(step.more ?? [])].map((v) => ctx.start(v));
  const params = step.params.map((p) => (Number.isInteger(p) ? String(p) : f32Literal(p)));
  ctx.code.line(`${step.routine}(${[...addresses, ...params].join(', ')});`);
}
