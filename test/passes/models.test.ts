/** Whole tf.layers models: channels-first inside, one transpose, no normalization left. */
import type * as tfjs from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { save, seedWeights, tf } from '../import/models.ts';
import { expectSame, kinds } from './graphs.ts';

const { layers } = tf;
type Symbol = tfjs.SymbolicTensor;

const apply = (layer: tfjs.layers.Layer, x: Symbol | Symbol[]) => layer.apply(x) as Symbol;
const normed = (x: Symbol) => apply(layers.reLU({ maxValue: 6 }), apply(layers.batchNormalization({}), x));
const conv = (x: Symbol, filters: number, kernelSize: number, strides = 1) =>
  apply(layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }), x);

async function simplified(inputs: Symbol, outputs: Symbol) {
  const model = tf.model({ inputs, outputs });
  seedWeights(model);
  const { graph } = await readModel(await save(model));
  const after = simplify(graph);
  expectSame(after, graph, 1e-4);
  return after;
}

test('MobileNetV1', async () => {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = normed(conv(input, 4, 3, 2));
  for (const [filters, strides] of [
    [8, 1],
    [8, 2],
  ]) {
    if (strides === 2) {
      const padding = [
        [0, 1],
        [0, 1],
      ] as [[number, number], [number, number]];
      x = apply(layers.zeroPadding2d({ padding }), x);
    }
    const padding = strides === 2 ? 'valid' : 'same';
    x = normed(apply(layers.depthwiseConv2d({ kernelSize: 3, strides, padding, useBias: false }), x));
    x = normed(conv(x, filters, 1));
  }
  x = apply(layers.globalAveragePooling2d({}), x);
  x = apply(layers.dropout({ rate: 0.1 }), apply(layers.reshape({ targetShape: [1, 1, 8] }), x));
  x = apply(layers.reshape({ targetShape: [10] }), apply(layers.conv2d({ filters: 10, kernelSize: 1 }), x));
  const after = await simplified(input, apply(layers.softmax(), x));
  expect(kinds(after)).toBe(`transpose ${'conv clip '.repeat(5)}reduceMean reshape conv reshape softmax`);
});

test('residual and dense blocks, flattened', async () => {
  const input = tf.input({ shape: [8, 8, 3] });
  const stem = normed(conv(input, 4, 3));
  const residual = apply(layers.add(), [
    stem,
    apply(layers.batchNormalization({}), conv(normed(conv(stem, 4, 3)), 4, 3)),
  ]);
  const joined = apply(layers.concatenate(), [residual, normed(conv(residual, 4, 1))]);
  const pooled = apply(layers.maxPooling2d({ poolSize: 2 }), normed(joined));
  const flat = apply(layers.flatten(), pooled);
  const after = await simplified(input, apply(layers.dense({ units: 5, activation: 'softmax' }), flat));
  expect(kinds(after).match(/transpose/g)).toHaveLength(2);
  expect(kinds(after)).toMatch(/transpose reshape dense softmax$/);
  expect(kinds(after).match(/mul/g)).toHaveLength(1);
});
