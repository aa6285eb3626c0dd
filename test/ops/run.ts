/** One operator on tensors, and tfjs beside it. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { CompileError, ErrorCode } from '../../compiler/errors.ts';
import { GraphBuilder } from '../../compiler/ir/graph.ts';
import { random } from '../../compiler/ir/random.ts';
import { type DType, sizeOf, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import type { TfTensor } from '../../compiler/ops/define.ts';
import type { Plan } from '../../compiler/plan/forms.ts';
import { lower } from '../../compiler/plan/lower.ts';
import { opOf, semantics } from '../../compiler/semantics/evaluate.ts';

await tf.setBackend('cpu');

export { tf };

type Attrs = Readonly<Record<string, unknown>>;

export const floats = (shape: readonly number[], seed = 1): Tensor => {
  const rng = random(seed);
  return tensor(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, () => rng.normal()),
  );
};
export const f32 = (shape: readonly number[], ...values: number[]) => tensor('float32', shape, values);
export const i32 = (shape: readonly number[], ...values: number[]) => tensor('int32', shape, values);
/** 0, 1, 2, … */
export const count = (shape: readonly number[], dtype: DType = 'float32') =>
  tensor(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
  );

export const evaluate = (kind: string, inputs: readonly (Tensor | null)[], attrs: Attrs = {}): Tensor[] => {
  infer(kind, inputs, attrs);
  return opOf(kind).eval(inputs, attrs);
};
export const run = (kind: string, inputs: readonly (Tensor | null)[], attrs: Attrs = {}) =>
  evaluate(kind, inputs, attrs)[0];

/** Types of the results; inputs whose index is in `moving` are computed at run time. */
export const infer = (
  kind: string,
  inputs: readonly (Tensor | null)[],
  attrs: Attrs = {},
  moving: readonly number[] = [],
) =>
  opOf(kind).infer(
    inputs.map(
      (t, id) =>
        t && {
          id,
          name: `x${id}`,
          dtype: t.dtype,
          shape: t.shape,
          data: moving.includes(id) ? undefined : t.data,
        },
    ),
    attrs,
    { node: 'n' },
  );

/** Inference refuses, naming the node. */
export function refuses(
  code: ErrorCode,
  kind: string,
  inputs: readonly (Tensor | null)[],
  attrs: Attrs = {},
  moving: readonly number[] = [],
): void {
  let error: unknown;
  try {
    infer(kind, inputs, attrs, moving);
  } catch (e) {
    error = e;
  }
  expect((error as CompileError | undefined)?.code, JSON.stringify(attrs)).toBe(code);
  expect((error as CompileError).message).toContain('"n"');
}

export const toTf = (t: Tensor): TfTensor =>
  tf.tensor(Array.from(t.data), [...t.shape], t.dtype === 'float32' ? 'float32' : 'int32');

export function close(got: Tensor, want: TfTensor | Tensor, tolerance = 1e-5): void {
  const data = 'dataSync' in want ? want.dataSync() : want.data;
  expect([...got.shape]).toEqual([...want.shape]);
  Array.from(data).forEach((w, i) => {
    expect(Math.abs(got.data[i] - w), `[${i}]: ${got.data[i]}, not ${w}`).toBeLessThanOrEqual(tolerance);
  });
}

/** Channels-last of a channels-first tensor, and back. */
export const last = (x: TfTensor) => tf.transpose(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);
export const first = (x: TfTensor) =>
  tf.transpose(x, [0, x.shape.length - 1, ...x.shape.slice(2).map((_, i) => i + 1)]);

/** The plan of nodes that `make` adds to inputs of these shapes. */
export function planOf(
  shapes: readonly (readonly number[])[],
  make: (b: GraphBuilder, xs: number[]) => number,
): Plan {
  const b = new GraphBuilder(semantics, 'test');
  const xs = shapes.map((shape, i) => b.input(`x${i}`, 'float32', shape));
  b.output('y', make(b, xs));
  return lower(b.finish());
}

/** Forms of the steps before the copy to the output. */
export const formsOf = (plan: Plan) => plan.steps.slice(0, -1).map((s) => s.form);
