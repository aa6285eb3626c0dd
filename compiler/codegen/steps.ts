/** Forms → code: an exhaustive map. */
import type { Form, Step } from '../plan/forms.ts';
import type { Context } from './context.ts';
import { writeCall } from './forms/call.ts';
import { writeLinear } from './forms/linear.ts';
import { writeMove } from './forms/move.ts';
import { writePointwise } from './forms/pointwise.ts';
import { writeReduce } from './forms/reduce.ts';
import { writeScan } from './forms/scan.ts';
import { writeWindow } from './forms/window.ts';

type Writers = { readonly [F in Form]: (ctx: Context, step: Extract<Step, { form: F }>) => void };

const writers: Writers = {
  linear: writeLinear,
  window: writeWindow,
  reduce: writeReduce,
  pointwise: writePointwise,
  move: writeMove,
  scan: writeScan,
  call: writeCall,
};

/** Writes the statements of one step. */
export function writeStep(ctx: Context, step: Step): void {
  (writers[step.form] as (ctx: Context, step: Step) => void)(ctx, step);
}
