/**
 * The plan: steps in execution order over values, in a closed set of loop forms. Operators lower *to* forms; everything
 * after lowering (fusion, layout, selection, code generation, the interpreter, targets) knows forms only.
 */
import type { DType, Shape, TensorData } from '../ir/tensor.ts';
import type { Expr } from './expr.ts';
import type { PlanId, View } from './view.ts';

/** `input` and `output` are what the host reads and writes; `state` survives a run until `reset()`. */
export type Role = 'input' | 'output' | 'constant' | 'temp' | 'state';

export interface PlanValue {
  readonly id: PlanId;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly role: Role;
  /** Constants: their elements, row-major. */
  readonly data?: TensorData;
}

/**
 * What is applied to each result before it is stored. Argument 0 of `expr` is the result, argument i+1 is `args[i]`,
 * whose dimensions are those of the step's `y`.
 */
export interface Epilogue {
  readonly expr: Expr;
  readonly args: readonly View[];
}

interface StepBase {
  /** The source node(s) that the step computes. */
  readonly name: string;
  /** The source's operator name, for reports. */
  readonly op: string;
  readonly y: View;
}

/**
 * y[o, g, r, p] = E(bias[g, r] + Σ_k weights[g, r, k] · x[o, g, k, p]); padding of x reads 0.
 * Dimensions: o outer (batch), g groups, k columns, r rows (outputs), p pixels.
 */
export interface LinearStep extends StepBase {
  readonly form: 'linear';
  readonly x: View;
  /** Constant, float32 [G, R, K]. */
  readonly weights: PlanId;
  /** Constant, float32 [G, R]. */
  readonly bias?: PlanId;
  readonly epilogue?: Epilogue;
}

/**
 * y[o, c, p] = E(bias[c] + reduce over k of weights[c, k] · x[o, c, k, p]). `sum` reads padding as 0; `max` and `mean` leave
 * it out (`mean` divides by the taps that are inside).
 */
export interface WindowStep extends StepBase {
  readonly form: 'window';
  readonly reduce: 'sum' | 'max' | 'mean';
  readonly x: View;
  /** Constant, float32 [C, K]; with `sum` only. */
  readonly weights?: PlanId;
  /** Constant, float32 [C]; with `sum` only. */
  readonly bias?: PlanId;
  readonly epilogue?: Epilogue;
}

export type ReduceFn = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'argmax' | 'argmin' | 'any' | 'all';

/**
 * y[o] = E(reduce over k of map(x[o, k])). `argmax` and `argmin` give the int32 index of the first extreme (`last`: of the
 * last). An empty k gives the neutral element.
 */
export interface ReduceStep extends StepBase {
  readonly form: 'reduce';
  readonly fn: ReduceFn;
  readonly x: View;
  /** Applied to each element (argument 0) before it is reduced. */
  readonly map?: Expr;
  readonly last?: boolean;
  readonly epilogue?: Epilogue;
}

/** y[i] = expr(args[0][i], args[1][i], …); all views have the dimensions of y. */
export interface PointwiseStep extends StepBase {
  readonly form: 'pointwise';
  readonly args: readonly View[];
  readonly expr: Expr;
}

/** y[i] = x[i]; padding of x reads `fill`. Element types are equal. */
export interface MoveStep extends StepBase {
  readonly form: 'move';
  readonly x: View;
  readonly fill: number;
}

/**
 * `count` times: the body runs with every value of `moving` shifted by `t·step` along its axis (t counts down where
 * `reverse`). Carried state is a value that the body both reads and writes.
 */
export interface ScanStep extends StepBase {
  readonly form: 'scan';
  readonly count: number;
  readonly reverse: boolean;
  readonly moving: readonly { readonly value: PlanId; readonly axis: number; readonly step: number }[];
  readonly body: readonly Step[];
}

/**
 * A named runtime routine (`plan/routines/`), the counted escape hatch. It sees whole values, row-major: `args` and `y`
 * (and `more`, where it has several results) are identity views.
 */
export interface CallStep extends StepBase {
  readonly form: 'call';
  readonly routine: string;
  readonly args: readonly View[];
  readonly more?: readonly View[];
  /** Compile-time numbers, in the routine's order. */
  readonly params: readonly number[];
}

export type Step = LinearStep | WindowStep | ReduceStep | PointwiseStep | MoveStep | ScanStep | CallStep;
export type Form = Step['form'];

export interface Plan {
  readonly name: string;
  readonly values: ReadonlyMap<PlanId, PlanValue>;
  readonly steps: readonly Step[];
  readonly inputs: readonly { readonly name: string; readonly value: PlanId }[];
  readonly outputs: readonly { readonly name: string; readonly value: PlanId }[];
  /** State values: what `reset()` stores into them. */
  readonly state: readonly { readonly value: PlanId; readonly initial: PlanId }[];
}

/** Steps one by one, those of a scan's body in its place. */
export const singleSteps = (steps: readonly Step[]): Exclude<Step, { form: 'scan' }>[] =>
  steps.flatMap((s) => (s.form === 'scan' ? singleSteps(s.body) : [s]));

/** The views that a step reads and writes (the body of a scan included). */
export function reads(step: Step): readonly View[] {
  switch (step.form) {
    case 'linear':
    case 'window':
      return [step.x, ...(step.epilogue?.args ?? [])];
    case 'reduce':
      return [step.x, ...(step.epilogue?.args ?? [])];
    case 'pointwise':
    case 'call':
      return step.args;
    case 'move':
      return [step.x];
    case 'scan':
      return step.body.flatMap((s) => reads(s));
  }
}

export function writes(step: Step): readonly View[] {
  if (step.form === 'scan') return step.body.flatMap((s) => writes(s));
  if (step.form === 'call') return [step.y, ...(step.more ?? [])];
  return [step.y];
}

/** Constants that a step names by id rather than by view. */
export function parameters(step: Step): readonly PlanId[] {
  if (step.form === 'scan') return step.body.flatMap((s) => parameters(s));
  if (step.form !== 'linear' && step.form !== 'window') return [];
  return [step.weights, step.bias].filter((id) => id !== undefined);
}
