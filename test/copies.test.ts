/** Copies for the sake of layout: a channels-last network has one at its input, and none between layers that agree. */

import type * as tfjs from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { copiesOf, copyLine } from '../compiler/copies.ts';
import { load } from '../compiler/index.ts';
import { save, seedWeights, tf } from './import/models.ts';

const {
  conv2d,
  depthwiseConv2d,
  batchNormalization,
  reLU,
  add,
  concatenate,
  globalAveragePooling2d,
  dense,
  zeroPadding2d,
} = tf.layers;

async function copies(net: tfjs.LayersModel) {
  seedWeights(net);
  const { graph } = await load(await save(net));
  expect(graph.nodes.filter((n) => n.kind === 'transpose').length).toBe(1);
  return copiesOf(graph);
}

type Flow = tfjs.SymbolicTensor;
const normal = (x: Flow) => reLU().apply(batchNormalization().apply(x)) as Flow;
const conv = (x: Flow, filters: number, kernelSize = 1, strides = 1) =>
  normal(conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }).apply(x) as Flow);

test('an inverted residual network copies its input, and nothing else', async () => {
  const x = tf.input({ shape: [12, 12, 3] });
  const stem = conv(x, 8, 3, 2);
  const padded = zeroPadding2d({
    padding: [
      [1, 1],
      [1, 1],
    ],
  }).apply(conv(stem, 24)) as Flow;
  const deep = normal(depthwiseConv2d({ kernelSize: 3, useBias: false }).apply(padded) as Flow);
  const joined = add().apply([stem, conv(deep, 8)]) as Flow;
  const y = dense({ units: 5 }).apply(globalAveragePooling2d({}).apply(conv(joined, 16)) as Flow) as Flow;
  const found = await copies(tf.model({ inputs: x, outputs: y }));
  expect(found.map((c) => c.port)).toEqual([true]);
  expect(found[0].bytes).toBe(4 * 12 * 12 * 3);
  expect(copyLine(found, (n) => `${n} bytes`)).toBe(
    'Copies for the sake of layout: 1 (1728 bytes a run) at inputs and outputs, 0 (0 bytes a run) between layers.',
  );
});

test('values that are joined are written where they belong', async () => {
  const x = tf.input({ shape: [8, 8, 3] });
  const stem = conv(x, 8, 3);
  const both = concatenate({ name: 'both' }).apply([stem, conv(stem, 8)]) as Flow;
  const found = await copies(
    tf.model({ inputs: x, outputs: globalAveragePooling2d({}).apply(conv(both, 4, 3)) as Flow }),
  );
  expect(found.filter((c) => !c.port)).toEqual([]);
});

test('the line names who asks for copies', () => {
  const copy = (name: string) => ({ name, bytes: 100, port: false });
  expect(copyLine([{ ...copy('x'), port: true }, copy('both'), copy('up')], String)).toBe(
    'Copies for the sake of layout: 1 (100 a run) at inputs and outputs, 2 (200 a run) between layers: both, up.',
  );
});
