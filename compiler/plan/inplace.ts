/**
 * In place: a result may lie where an operand lay that nobody reads again, if every element is read where and before it is
 * written. That holds for pointwise steps and for operands of `linear` epilogues, under equal layouts; for the last step of a band, and what
 * the first one reads, as well (`bandOf` sees to it). Kernels of windows compute some pixels twice.
 */
import type { Band } from './bands.ts';
import { type Plan, type PlanValue, reads, type Step, writes } from './forms.ts';
import { hasEvenGaps, type Layout } from './layout.ts';
import { type PlanId, readsPadding, sameView, type View } from './view.ts';

/** First and last step that touch a value. */
export interface Life {
  readonly start: number;
  readonly end: number;
}

/** The operand whose place each result takes over. */
export function inPlace(
  plan: Plan,
  layouts: ReadonlyMap<PlanId, Layout>,
  lives: ReadonlyMap<PlanId, Life>,
  bands: ReadonlyMap<Step, Band>,
): ReadonlyMap<PlanId, PlanId> {
  const out = new Map<PlanId, PlanId>();
  const temporary = (id: PlanId): PlanValue | undefined => {
    const v = plan.values.get(id)!;
    return v.role === 'temp' ? v : undefined;
  };
  plan.steps.forEach((step, i) => {
    if (step.form !== 'pointwise' && step.form !== 'linear') return;
    const y = temporary(step.y.value);
    const to = layouts.get(step.y.value)!;
    const begin = i + 1 - (bands.get(step)?.steps.length ?? 1);
    if (!y || lives.get(y.id)!.start !== begin || (to.fill !== undefined && !hasEvenGaps(to))) return;
    const operand = operandsOf(step).find((a) => {
      const v = temporary(a.value);
      return (
        v?.dtype === y.dtype &&
        lives.get(v.id)!.end === i &&
        samePlaces(layouts.get(v.id)!, to) &&
        [...reads(step), ...writes(step)].every((view) => view.value !== v.id || follows(view, step.y))
      );
    });
    if (operand) out.set(y.id, operand.value);
  });
  return out;
}

/** The views that are read at the place of the result. */
function operandsOf(step: Step): readonly View[] {
  if (step.form === 'pointwise') return step.args;
  if (step.form === 'linear') return (step.epilogue?.args ?? []).filter((a) => a.value !== step.x.value);
  return [];
}

const follows = (a: View, y: View) => !readsPadding(a) && sameView({ ...a, value: y.value }, y);

/** True where every element has the same address in both. */
const samePlaces = (a: Layout, b: Layout) =>
  (['shape', 'order', 'strides', 'phases', 'phaseStrides', 'before'] as const).every(
    (key) => String(a[key]) === String(b[key]),
  ) && a.elements === b.elements;
