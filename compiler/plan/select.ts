/** Selection: a format and a kernel for every `linear` step, by cost; and the packed weights. */
import {
  type Build,
  chooseLinear,
  type LinearChoice,
  type LinearProblem,
  type LinearTiming,
  linearCase,
} from '../kernels.ts';
import type { Matrix } from '../sparse/format.ts';
import type { FormatName } from '../sparse/index.ts';
import { type LinearStep, type Plan, singleSteps } from './forms.ts';
import { maxOperands } from './fuse.ts';
import { type LinearGeometry, linearGeometry } from './linear.ts';
import { nest, operandOf } from './nest.ts';
import type { Staged } from './stage.ts';
import { type Part, tiled } from './tiling.ts';
import type { View } from './view.ts';
import { zeroShare } from './zeros.ts';

export type Objective = 'speed' | 'size';

export interface SelectOptions {
  readonly build: Build;
  readonly objective: Objective;
  /** `dense` stores every weight, zero or not: the control that sparse builds are held against. */
  readonly sparse: boolean;
  /** Taken wherever a kernel takes it, whatever it costs. */
  readonly format?: FormatName;
  /** Instead of the cost model. */
  readonly timing?: LinearTiming;
}

export interface LinearSelection {
  readonly geometry: LinearGeometry;
  /** Absent where no kernel fits the views: the step runs as plain loops over row-major weights. */
  readonly choice?: LinearChoice;
  /** Per group, in order; the parts of a group are added up in the output. */
  readonly parts: readonly (readonly Part[])[];
  /** [groups × rows]. */
  readonly bias: Float32Array;
}

export function select(staged: Staged, options: SelectOptions): ReadonlyMap<LinearStep, LinearSelection> {
  return new Map(linearSteps(staged.plan).map((step) => [step, selectLinear(step, staged, options)]));
}

/** A step that kernels can do: its matrices, one per group, and how it is called. */
export interface KernelStep {
  readonly geometry: LinearGeometry;
  readonly problem: LinearProblem;
  readonly matrices: readonly Matrix[];
}

/** The steps between whose kernels `select` chooses. */
export const kernelSteps = (staged: Staged, options: SelectOptions): readonly KernelStep[] =>
  linearSteps(staged.plan).flatMap((step) => {
    const { geometry, problem, choose } = chooser(step, staged, options);
    if (!choose) return [];
    const data = staged.plan.values.get(step.weights)!.data as Float32Array;
    return [
      {
        geometry,
        problem,
        matrices: groupMatrices(data, geometry.rows, geometry.groups, geometry.offsets.length),
      },
    ];
  });

export const linearSteps = (plan: Plan): LinearStep[] =>
  singleSteps(plan.steps).filter((s) => s.form === 'linear');

function selectLinear(step: LinearStep, staged: Staged, options: SelectOptions): LinearSelection {
  const { plan } = staged;
  const { geometry, problem, choose } = chooser(step, staged, options);
  const { rows, groups, offsets } = geometry;
  const bias = new Float32Array(groups * rows);
  if (step.bias !== undefined) bias.set(plan.values.get(step.bias)!.data!);
  if (!choose) return { geometry, parts: [], bias };
  const data = plan.values.get(step.weights)!.data as Float32Array;
  const choice = choose(data);
  const matrices = groupMatrices(data, rows, groups, offsets.length);
  const c = linearCase(matrices[0], offsets, problem);
  return { geometry, choice, bias, parts: matrices.map((w) => tiled(w, offsets, c, choice)) };
}

export interface Chooser {
  readonly geometry: LinearGeometry;
  readonly problem: LinearProblem;
  /** Format and kernel for weights [G, R, K]; absent where no kernel fits the views. */
  readonly choose?: (weights: Float32Array) => LinearChoice;
}

/** What `select` takes for a step, as a function of its weights. */
export function chooser(step: LinearStep, { plan, layouts }: Staged, options: SelectOptions): Chooser {
  const geometry = linearGeometry(step, plan, layouts);
  const { rows, groups, offsets, pixels, width, pitch, yRow } = geometry;
  const { build, objective, timing } = options;
  const args = step.epilogue?.args ?? [];
  const problem = {
    pixels,
    width,
    pitch,
    yRow,
    build,
    zeros: pixels === 1 ? zeroShare(plan, step.x.value) : 0,
    // Sums that wait in the output are one more operand of the epilogue.
    scratch: args.length < maxOperands && args.every((a) => plan.values.get(a.value)!.data),
  };
  const distinct = new Set(offsets).size === offsets.length;
  if (!geometry.contiguous || !distinct || !operandsFollow(step, plan, layouts)) return { geometry, problem };
  const choose = (weights: Float32Array): LinearChoice => {
    const [matrix] = groupMatrices(weights, rows, groups, offsets.length);
    const best = chooseLinear(matrix, offsets, { ...problem, objective }, timing);
    const asked = best.candidates.find((c) => c.format === options.format);
    if (asked) return { ...best, ...asked, reason: 'asked for' };
    return options.sparse ? best : { ...best, ...best.candidates[0], reason: 'dense build' };
  };
  return { geometry, problem, choose };
}

/** True where all operands of the epilogue that are computed move as the result moves: kernels know their distance alone. */
function operandsFollow(step: LinearStep, plan: Plan, layouts: Staged['layouts']): boolean {
  const operand = (view: View) => operandOf(view, plan, layouts);
  const dims = [...step.y.dims.keys()];
  return (step.epilogue?.args ?? []).every(
    (a) =>
      plan.values.get(a.value)!.data ||
      nest([operand(step.y), operand(a)], dims).every(({ strides: [y, x] }) => y === x),
  );
}

function groupMatrices(data: Float32Array, rows: number, groups: number, cols: number): Matrix[] {
  return Array.from({ length: groups }, (_, g) => ({
    rows,
    cols,
    data: data.subarray(g * rows * cols, (g + 1) * rows * cols),
  }));
}
