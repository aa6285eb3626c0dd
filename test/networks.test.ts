/**
 * Whole networks, from tf.layers to wasm: import, simplify, compile, run; held against `model.predict` on the cpu backend.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '../compiler/import/index.ts';
import type { Graph } from '../compiler/ir/graph.ts';
import { random } from '../compiler/ir/random.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { simplify } from '../compiler/passes/index.ts';
import { emit } from '../compiler/pipeline.ts';
import { execute } from './execute.ts';
import { difference } from './samples.ts';
import { savedModel } from './tfjs.ts';

const L = tf.layers;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const bn = (x: tf.SymbolicTensor) => L.batchNormalization().apply(x) as tf.SymbolicTensor;
const relu = (x: tf.SymbolicTensor) => L.activation({ activation: 'relu' }).apply(x) as tf.SymbolicTensor;
const conv = (x: tf.SymbolicTensor, filters: number, kernelSize: number, strides = 1, useBias = false) =>
  L.conv2d({ filters, kernelSize, strides, padding: 'same', useBias }).apply(x) as tf.SymbolicTensor;

const networks: Record<string, () => tf.LayersModel> = {
  residual() {
    const x = tf.input({ shape: [15, 15, 3] });
    let y = relu(bn(conv(x, 8, 3)));
    for (const [filters, strides] of [
      [8, 1],
      [12, 2],
      [16, 2],
    ]) {
      const inner = bn(conv(relu(bn(conv(y, filters, 3, strides))), filters, 3));
      const short = filters === 8 ? y : conv(y, filters, 1, strides, true);
      y = relu(L.add().apply([inner, short]) as tf.SymbolicTensor);
    }
    const pooled = L.globalAveragePooling2d({}).apply(y) as tf.SymbolicTensor;
    return tf.model({
      inputs: x,
      outputs: L.dense({ units: 5, activation: 'softmax' }).apply(pooled) as tf.SymbolicTensor,
    });
  },
  separable() {
    const x = tf.input({ shape: [33, 33, 3] });
    let y = relu(bn(conv(x, 8, 3, 2)));
    for (const [filters, strides] of [
      [12, 1],
      [16, 2],
      [20, 2],
      [24, 1],
    ]) {
      const depth = L.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }).apply(y);
      const wide = L.reLU({ maxValue: 6 }).apply(bn(depth as tf.SymbolicTensor)) as tf.SymbolicTensor;
      y = L.reLU({ maxValue: 6 }).apply(bn(conv(wide, filters, 1))) as tf.SymbolicTensor;
    }
    const flat = L.flatten().apply(L.averagePooling2d({ poolSize: 2 }).apply(y)) as tf.SymbolicTensor;
    return tf.model({ inputs: x, outputs: L.dense({ units: 7 }).apply(flat) as tf.SymbolicTensor });
  },
  encoderDecoder() {
    const x = tf.input({ shape: [16, 12, 2] });
    const a = relu(conv(x, 6, 3, 1, true));
    const down = L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(a) as tf.SymbolicTensor;
    const b = relu(conv(down, 10, 5, 1, true));
    const up = L.conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' }).apply(b);
    const resized = L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }).apply(b);
    const joined = L.concatenate().apply([a, up, resized] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    return tf.model({
      inputs: x,
      outputs: L.conv2d({ filters: 3, kernelSize: 1, activation: 'sigmoid' }).apply(
        joined,
      ) as tf.SymbolicTensor,
    });
  },
  inception() {
    const x = tf.input({ shape: [14, 14, 4] });
    const pool = L.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(
      x,
    ) as tf.SymbolicTensor;
    const branches = [
      conv(x, 5, 1, 1, true),
      conv(conv(x, 3, 1), 6, 3),
      conv(conv(x, 3, 1), 4, 5),
      conv(pool, 3, 1),
    ];
    const joined = relu(L.concatenate().apply(branches) as tf.SymbolicTensor);
    return tf.model({
      inputs: x,
      outputs: [joined, L.globalMaxPooling2d({}).apply(joined) as tf.SymbolicTensor],
    });
  },
  recurrent() {
    const x = tf.input({ shape: [9, 6] });
    const seq = L.lstm({ units: 8, returnSequences: true }).apply(x);
    const last = L.gru({ units: 5 }).apply(seq) as tf.SymbolicTensor;
    return tf.model({
      inputs: x,
      outputs: L.dense({ units: 3, activation: 'tanh' }).apply(last) as tf.SymbolicTensor,
    });
  },
  autoencoder() {
    const m = tf.sequential();
    m.add(L.dense({ units: 32, activation: 'relu', inputShape: [64] }));
    m.add(L.batchNormalization());
    m.add(L.dense({ units: 8, activation: 'elu' }));
    m.add(L.dense({ units: 64 }));
    return m;
  },
};

describe.each(Object.keys(networks))('%s', (name) => {
  let graph: Graph;
  let inputs: Record<string, Tensor>;
  let want: Tensor[];

  beforeAll(async () => {
    const model = networks[name]();
    const rng = random(11);
    for (const w of model.weights) {
      const variance = w.name.includes('variance');
      const values = Float32Array.from({ length: w.shape.reduce((n: number, d) => n * d!, 1) }, () =>
        variance ? 0.5 + rng.next() : 0.4 * rng.normal() * (rng.next() < 0.6 ? 0 : 1),
      );
      (w as unknown as { val: tf.Variable }).val.assign(tf.tensor(values, w.shape as number[]));
    }
    graph = simplify((await readModel(await savedModel(model))).graph);
    const shape = graph.values.get(graph.inputs[0].value)!.shape;
    const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => rng.normal());
    inputs = { [graph.inputs[0].name]: { dtype: 'float32', shape, data } };
    const y = model.predict(tf.tensor(data, [...shape])) as tf.Tensor | tf.Tensor[];
    want = [y].flat().map((t) => ({ dtype: 'float32', shape: t.shape, data: t.dataSync() as Float32Array }));
  });

  test.each([
    ['scalar', true],
    ['simd', true],
    ['simd', false],
  ] as const)('%s, sparse %s', async (build, sparse) => {
    const { wasm, metadata } = await emit(graph, { build, sparse });
    const got = execute(wasm, metadata, inputs, inputs);
    graph.outputs.forEach((o, i) => {
      expect(difference(got[o.name], want[i]), o.name).toBeLessThan(2e-5);
      expect(Math.max(...want[i].data.map(Math.abs))).toBeGreaterThan(1e-3);
    });
  });
});
