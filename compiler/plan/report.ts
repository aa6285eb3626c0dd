/** What reports say of each step that holds weights. */
import type { LinearChoice } from '../kernels.ts';
import { formats } from '../sparse/index.ts';
import type { LinearStep, Plan, Step, WindowStep } from './forms.ts';
import type { LinearGeometry } from './linear.ts';
import type { LinearSelection } from './select.ts';
import { dimSize } from './view.ts';

export interface LayerInfo {
  readonly name: string;
  readonly op: string;
  readonly form: string;
  readonly format: string;
  readonly kernel: string;
  readonly reason: string;
  readonly rows: number;
  readonly cols: number;
  readonly nnz: number;
  /** Packed weights, and what the dense format would take. */
  readonly bytes: number;
  readonly denseBytes: number;
  /** Multiply-accumulates of the dense layer. */
  readonly macs: number;
  readonly predictedNs: number;
}

export function layerInfo(plan: Plan, selections: ReadonlyMap<LinearStep, LinearSelection>): LayerInfo[] {
  const visit = (step: Step): LayerInfo[] => {
    switch (step.form) {
      case 'scan':
        return step.body
          .flatMap(visit)
          .map((l) => ({ ...l, macs: l.macs * step.count, predictedNs: l.predictedNs * step.count }));
      case 'linear':
        return [linearInfo(plan, step, selections.get(step)!)];
      case 'window':
        return step.weights === undefined ? [] : [windowInfo(plan, step)];
      default:
        return [];
    }
  };
  return plan.steps.flatMap(visit);
}

const nonZeros = (data: ArrayLike<number>) => {
  let n = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) n++;
  return n;
};

function linearInfo(plan: Plan, step: LinearStep, s: LinearSelection): LayerInfo {
  const { geometry: g, choice } = s;
  const data = plan.values.get(step.weights)!.data!;
  const [outer, , , pixels] = step.x.dims.map(dimSize);
  const bytes = s.parts
    .flat()
    .flatMap(({ packed }) => Object.values(packed.arrays))
    .reduce((n, a) => n + a.byteLength, 0);
  const dense = { rows: g.rows, cols: g.offsets.length, data: data as Float32Array };
  return {
    name: step.name,
    op: step.op,
    form: step.form,
    format: choice?.format ?? 'dense',
    kernel: choice?.kernel.name ?? 'loops',
    reason: choice?.reason ?? 'no kernel fits the layout',
    rows: g.rows * g.groups,
    cols: g.offsets.length,
    nnz: nonZeros(data),
    bytes: choice ? bytes : data.byteLength,
    denseBytes: choice ? formats.dense.bytes(dense, g.offsets) * g.groups : data.byteLength,
    macs: outer * pixels * data.length,
    predictedNs: predictedNs(step, g, choice),
  };
}

/** Nanoseconds of one run of a step; plain loops take about one for each multiply-accumulate. */
export function predictedNs(step: LinearStep, g: LinearGeometry, choice?: LinearChoice): number {
  const [outer, , , pixels] = step.x.dims.map(dimSize);
  const calls = g.outer.reduce((n, l) => n * l.size, 1) * g.groups;
  return (choice?.predictedNs ?? outer * pixels * g.rows * g.groups * g.offsets.length) * calls;
}

function windowInfo(plan: Plan, step: WindowStep): LayerInfo {
  const data = plan.values.get(step.weights!)!.data!;
  const [outer, channels, taps, pixels] = step.x.dims.map(dimSize);
  return {
    name: step.name,
    op: step.op,
    form: step.form,
    format: 'dense',
    kernel: 'window',
    reason: 'one channel at a time: zeros would save nothing',
    rows: channels,
    cols: taps,
    nnz: nonZeros(data),
    bytes: data.byteLength,
    denseBytes: data.byteLength,
    macs: outer * channels * taps * pixels,
    predictedNs: 0,
  };
}
