/** What operators do in training is what they do compiled: `tf` = `eval`, and its gradient is the slope of `eval`. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { allocate, type DType, type Tensor } from '../../compiler/ir/tensor.ts';
import type { Op, Sample, TfTensor } from '../../compiler/ops/define.ts';
import { ops } from '../../compiler/ops/index.ts';
import { loadBackend } from '../../compiler/prune/train/backend.ts';
import { registerGradients } from '../../compiler/prune/train/gradients.ts';
import { difference, sampleTensor } from '../samples.ts';

beforeAll(async () => {
  registerGradients(await loadBackend('wasm'));
});

/** Operators that run on XNNPACK in another way than elsewhere. */
const backendsOf = (op: Op) => (op.tfLast ? ['cpu', 'wasm'] : ['cpu']);

const toTf = (t: Tensor): TfTensor =>
  tf.tensor(
    t.data as Float32Array,
    [...t.shape],
    t.dtype === 'bool' || t.dtype === 'float32' ? t.dtype : 'int32',
  );

function fromTf(t: TfTensor, dtype: DType): Tensor {
  const data = allocate(dtype, t.size);
  data.set(t.dataSync() as Float32Array);
  return { dtype, shape: t.shape, data };
}

const inputsOf = (sample: Sample<never>) => {
  const rng = random(7);
  return sample.inputs.map((s) => s && sampleTensor(s, rng));
};

/** tfjs has one integer type only, and divides as it likes in it. */
const trainable = (sample: Sample<never>) => sample.inputs.every((s) => !s?.dtype || s.dtype === 'float32');

/** Steps: their slope is 0 or not there. */
const steps = new Set([
  'sign',
  'floor',
  'ceil',
  'round',
  'trunc',
  'floorDiv',
  'mod',
  'fmod',
  'thresholdedRelu',
]);

const cases = [...ops.values()].flatMap((op) =>
  op.samples
    .filter((s) => op.tf && trainable(s as never))
    .flatMap((s) => backendsOf(op).map((backend) => [op.kind, s.name, backend, op, s] as const)),
);

describe('tf', () => {
  test.each(cases)('%s %s on %s', async (_kind, _name, backend, op: Op, sample) => {
    await tf.setBackend(backend);
    const inputs = inputsOf(sample as never);
    const want = op.eval(inputs, sample.attrs);
    tf.tidy(() => {
      const got = op.tf!(
        tf,
        inputs.map((t) => t && toTf(t)),
        sample.attrs,
      );
      want.forEach((w, i) => {
        expect(difference(fromTf(got[i], w.dtype), w)).toBeLessThanOrEqual(1e-4);
      });
    });
  });
});

describe('gradient', () => {
  const smooth = cases.filter(([kind, , , op, s]) => {
    const types = inputsOf(s as never).map((t) => t && { ...t, id: 0, name: '' });
    return !steps.has(kind) && op.infer(types, s.attrs, {}).every((t) => t.dtype === 'float32');
  });
  test.each(smooth)('%s %s on %s', async (_kind, _name, backend, op: Op, sample) => {
    await tf.setBackend(backend);
    const inputs = inputsOf(sample as never);
    if (inputs.every((t) => !t || t.data.length === 0)) return;
    const rng = random(9);
    const weights = op
      .eval(inputs, sample.attrs)
      .map((t) => Float32Array.from(t.data, () => rng.next() + 0.5));
    const loss = (xs: readonly (Tensor | null)[]) =>
      op
        .eval(xs, sample.attrs)
        .reduce((s, t, k) => Array.from(t.data).reduce((a, v, i) => a + v * weights[k][i], s), 0);

    const given = inputs.flatMap((t, i) => (t ? [i] : []));
    const gradients = tf.tidy(() =>
      tf
        .grads((...xs: TfTensor[]) => {
          const full = inputs.map((t, i) => t && xs[given.indexOf(i)]);
          const ys = op.tf!(tf, full, sample.attrs);
          return tf.addN(ys.map((y, k) => tf.sum(tf.mul(y, tf.tensor(weights[k], y.shape)))));
        })(given.map((i) => toTf(inputs[i]!)))
        .map((g) => g.dataSync() as Float32Array),
    );
    given.forEach((input, g) => {
      const t = inputs[input]!;
      const scale = gradients[g].reduce((m, v) => Math.max(m, Math.abs(v)), 1);
      for (let n = 0; n < 3 && t.data.length > 0; n++) {
        const at = rng.int(t.data.length);
        const moved = (by: number) => {
          const data = Float32Array.from(t.data);
          data[at] += by;
          return loss(inputs.map((x, i) => (i === input ? { ...t, data } : x)));
        };
        const h = 2 ** -11;
        const slope = (moved(h) - moved(-h)) / (2 * h);
        // Outside the domain: powers of negative numbers.
        if (Number.isNaN(slope)) continue;
        expect(
          Math.abs(gradients[g][at] - slope),
          `d/d input ${input} [${at}]: ${gradients[g][at]}, not ${slope}`,
        ).toBeLessThan(0.02 * scale);
      }
    });
  });
});
