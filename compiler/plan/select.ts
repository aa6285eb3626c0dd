/** Selection: a format and a kernel for every `linear` step, by cost; and the packed weights. */
import { type Build, chooseLinear, type LinearChoice } from '../kernels.ts';
import type { Matrix, Packed } from '../sparse/format.ts';
import { type FormatName, formats } from '../sparse/index.ts';
import type { LinearStep, Plan, Step } from './forms.ts';
import { type LinearGeometry, linearGeometry } from './linear.ts';
import { nest, type Operand } from './nest.ts';
import type { Staged } from './stage.ts';
import type { View } from './view.ts';

export type Objective = 'speed' | 'size';

export interface SelectOptions {
  readonly build: Build;
  readonly objective: Objective;
  /** `dense` stores every weight, zero or not: the control that sparse builds are held against. */
  readonly sparse: boolean;
  /** Taken wherever a kernel takes it, whatever it costs. */
  readonly format?: FormatName;
}

export interface LinearSelection {
  readonly geometry: LinearGeometry;
  /** Absent where no kernel fits the views: the step runs as plain loops over row-major weights. */
  readonly choice?: LinearChoice;
  /** Per group, in order. */
  readonly packed: readonly Packed[];
  /** [groups × rows]. */
  readonly bias: Float32Array;
}

export function select(staged: Staged, options: SelectOptions): ReadonlyMap<LinearStep, LinearSelection> {
  const out = new Map<LinearStep, LinearSelection>();
  const visit = (step: Step): void => {
    if (step.form === 'scan') step.body.forEach(visit);
    if (step.form === 'linear') out.set(step, selectLinear(step, staged, options));
  };
  staged.plan.steps.forEach(visit);
  return out;
}

function selectLinear(step: LinearStep, { plan, layouts }: Staged, options: SelectOptions): LinearSelection {
  const geometry = linearGeometry(step, plan, layouts);
  const { rows, groups, offsets } = geometry;
  const bias = new Float32Array(groups * rows);
  if (step.bias !== undefined) bias.set(plan.values.get(step.bias)!.data!);
  const distinct = new Set(offsets).size === offsets.length;
  if (!geometry.contiguous || !distinct || !operandsFollow(step, plan, layouts))
    return { geometry, packed: [], bias };

  const matrices = groupMatrices(plan, step, rows, groups, offsets.length);
  const whole: Matrix = {
    rows: rows * groups,
    cols: offsets.length,
    data: plan.values.get(step.weights)!.data as Float32Array,
  };
  const best = chooseLinear(groups === 1 ? whole : matrices[0], offsets, {
    pixels: geometry.pixels,
    yRow: geometry.yRow,
    build: options.build,
    objective: options.objective,
  });
  const [dense] = best.candidates;
  const asked = best.candidates.find((c) => c.format === options.format);
  const choice = asked
    ? { ...best, ...asked, reason: 'asked for' }
    : options.sparse
      ? best
      : { ...best, ...dense, reason: 'dense build' };
  return { geometry, choice, bias, packed: matrices.map((m) => formats[choice.format].pack(m, offsets)) };
}

/** True where all operands of the epilogue that are computed move as the result moves: kernels know their distance alone. */
function operandsFollow(step: LinearStep, plan: Plan, layouts: Staged['layouts']): boolean {
  const operand = (view: View): Operand => {
    const { dtype } = plan.values.get(view.value)!;
    return { view, layout: layouts.get(view.value)!, dtype };
  };
  const dims = [...step.y.dims.keys()];
  return (step.epilogue?.args ?? []).every(
    (a) =>
      plan.values.get(a.value)!.data ||
      nest([operand(step.y), operand(a)], dims).every(({ strides: [y, x] }) => y === x),
  );
}

function groupMatrices(plan: Plan, step: LinearStep, rows: number, groups: number, cols: number): Matrix[] {
  const data = plan.values.get(step.weights)!.data as Float32Array;
  return Array.from({ length: groups }, (_, g) => ({
    rows,
    cols,
    data: data.subarray(g * rows * cols, (g + 1) * rows * cols),
  }));
}
