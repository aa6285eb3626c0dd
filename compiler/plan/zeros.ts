/** What the plan says of zeros that values have at run time. */
import type { Expr } from './expr.ts';
import { type Plan, type Step, singleSteps, writes } from './forms.ts';
import type { PlanId } from './view.ts';

/** Of what a ReLU gives, on average: its arguments are about as often below zero as above. */
const afterRelu = 0.5;

/** The share of a value's elements that is taken to be zero; 0 where nothing is known. */
export function zeroShare(plan: Plan, id: PlanId): number {
  const steps = singleSteps(plan.steps);
  const seen = new Set<PlanId>();
  const rectifies = (value: PlanId): boolean => {
    if (seen.has(value)) return true;
    seen.add(value);
    const writers = steps.filter((s) => writes(s).some((v) => v.value === value));
    return writers.length > 0 && writers.every((s) => (s.form === 'move' ? rectifies(s.x.value) : isRelu(s)));
  };
  return rectifies(id) ? afterRelu : 0;
}

function isRelu(step: Step): boolean {
  if (step.form === 'pointwise') return clipsAtZero(step.expr);
  const epilogue = 'epilogue' in step ? step.epilogue : undefined;
  return epilogue !== undefined && clipsAtZero(epilogue.expr);
}

/** max(…, 0), or the smaller of that and a positive number. */
function clipsAtZero(expr: Expr): boolean {
  if (expr.op !== 'binary') return false;
  const { fn, a, b } = expr;
  if (fn === 'max') return [a, b].some((side) => side.op === 'const' && side.value === 0);
  const isPositive = (side: Expr) => side.op === 'const' && side.value > 0;
  return fn === 'min' && ((clipsAtZero(a) && isPositive(b)) || (clipsAtZero(b) && isPositive(a)));
}
