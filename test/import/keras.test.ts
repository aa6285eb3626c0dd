/** Layers and settings of Keras that tfjs.layers lacks or miscomputes, against plain tfjs operations. */
import type * as tfjs from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { type Files, json, tf } from './models.ts';

type T = tfjs.Tensor;
interface Row {
  readonly input: number[];
  readonly layer: string;
  readonly config: Record<string, unknown>;
  readonly weights?: Record<string, number[]>;
  want(x: T, w: Record<string, T>): T;
}

const pad = (x: T, ...axes: [number, number][]) => tf.pad(x, axes);

const rows: Record<string, Row> = {
  'depthwise, dilated': {
    input: [9, 8, 3],
    layer: 'DepthwiseConv2D',
    config: { kernel_size: [3, 3], dilation_rate: [2, 2], depth_multiplier: 1, use_bias: false },
    weights: { depthwise_kernel: [3, 3, 3, 1] },
    want: (x, w) =>
      tf.depthwiseConv2d(x as tfjs.Tensor4D, w.depthwise_kernel as tfjs.Tensor4D, 1, 'valid', 'NHWC', 2),
  },
  'conv1d, causal and dilated': {
    input: [11, 4],
    layer: 'Conv1D',
    config: { filters: 3, kernel_size: [3], dilation_rate: [2], padding: 'causal' },
    weights: { kernel: [3, 4, 3], bias: [3] },
    want: (x, w) =>
      tf.add(
        tf.conv1d(
          pad(x, [0, 0], [4, 0], [0, 0]) as tfjs.Tensor3D,
          w.kernel as tfjs.Tensor3D,
          1,
          'valid',
          'NWC',
          2,
        ),
        w.bias,
      ),
  },
  'conv2d, two groups': {
    input: [6, 5, 4],
    layer: 'Conv2D',
    config: { filters: 6, kernel_size: [3, 3], groups: 2, use_bias: false },
    weights: { kernel: [3, 3, 2, 6] },
    want: (x, w) => {
      const xs = tf.split(x, 2, 3);
      const ws = tf.split(w.kernel, 2, 3);
      return tf.concat(
        xs.map((part, i) => tf.conv2d(part as tfjs.Tensor4D, ws[i] as tfjs.Tensor4D, 1, 'valid')),
        3,
      );
    },
  },
  'conv2dTranspose, channels first': {
    input: [3, 5, 6],
    layer: 'Conv2DTranspose',
    config: {
      filters: 2,
      kernel_size: [3, 3],
      strides: [2, 2],
      padding: 'same',
      data_format: 'channels_first',
      use_bias: false,
    },
    weights: { kernel: [3, 3, 2, 3] },
    want: (x, w) =>
      tf.transpose(
        tf.conv2dTranspose(
          tf.transpose(x, [0, 2, 3, 1]) as tfjs.Tensor4D,
          w.kernel as tfjs.Tensor4D,
          [1, 10, 12, 2],
          2,
          'same',
        ),
        [0, 3, 1, 2],
      ),
  },
  separableConv1d: {
    input: [9, 3],
    layer: 'SeparableConv1D',
    config: { filters: 4, kernel_size: [3], depth_multiplier: 2, use_bias: false },
    weights: { depthwise_kernel: [3, 3, 2], pointwise_kernel: [1, 6, 4] },
    want: (x, w) =>
      tf.squeeze(
        tf.separableConv2d(
          tf.expandDims(x, 1) as tfjs.Tensor4D,
          tf.expandDims(w.depthwise_kernel, 0) as tfjs.Tensor4D,
          tf.expandDims(w.pointwise_kernel, 0) as tfjs.Tensor4D,
          1,
          'valid',
        ),
        [1],
      ),
  },
  'batch norm, channels first': {
    input: [3, 4, 5],
    layer: 'BatchNormalization',
    config: { axis: [1], epsilon: 0.01, scale: true, center: true },
    weights: { gamma: [3], beta: [3], moving_mean: [3], moving_variance: [3] },
    want: (x, w) => {
      const spread = (t: T) => tf.reshape(t, [1, 3, 1, 1]);
      const scale = tf.div(spread(w.gamma), tf.sqrt(tf.add(spread(w.moving_variance), 0.01)));
      return tf.add(tf.mul(tf.sub(x, spread(w.moving_mean)), scale), spread(w.beta));
    },
  },
  'softmax over the first axis': {
    input: [4, 5],
    layer: 'Softmax',
    config: { axis: 1 },
    want: (x) => tf.transpose(tf.softmax(tf.transpose(x, [0, 2, 1])), [0, 2, 1]),
  },
  'relu with slope and threshold': {
    input: [30],
    layer: 'ReLU',
    config: { max_value: 1.2, negative_slope: 0.3, threshold: 0.5 },
    want: (x) =>
      tf.minimum(tf.where(tf.greaterEqual(x, 0.5), x, tf.mul(tf.sub(x, 0.5), 0.3)), tf.scalar(1.2)),
  },
  zeroPadding1d: {
    input: [4, 3],
    layer: 'ZeroPadding1D',
    config: { padding: [1, 2] },
    want: (x) => pad(x, [0, 0], [1, 2], [0, 0]),
  },
  cropping1d: {
    input: [6, 3],
    layer: 'Cropping1D',
    config: { cropping: { class_name: '__tuple__', items: [1, 2] } },
    want: (x) => tf.slice(x, [0, 1, 0], [1, 3, 3]),
  },
  upSampling1d: {
    input: [3, 2],
    layer: 'UpSampling1D',
    config: { size: 2 },
    want: (x) => tf.reshape(tf.tile(tf.expandDims(x, 2), [1, 1, 2, 1]), [1, 6, 2]),
  },
  rescaling: {
    input: [4, 3],
    layer: 'Rescaling',
    config: { scale: 1 / 127.5, offset: -1 },
    want: (x) => tf.sub(tf.div(x, 127.5), 1),
  },
  'a function as activation (Keras 3)': {
    input: [4],
    layer: 'Dense',
    config: {
      units: 3,
      use_bias: false,
      activation: { module: 'builtins', class_name: 'function', config: 'relu', registered_name: 'function' },
    },
    weights: { kernel: [4, 3] },
    want: (x, w) => tf.relu(tf.matMul(x, w.kernel)),
  },
  'a layer as activation': {
    input: [4],
    layer: 'Dense',
    config: {
      units: 3,
      use_bias: false,
      activation: { class_name: 'LeakyReLU', config: { name: 'leaky', alpha: 0.5 } },
    },
    weights: { kernel: [4, 3] },
    want: (x, w) => tf.leakyRelu(tf.matMul(x, w.kernel), 0.5),
  },
};

function model(row: Row, seed = 3): { files: Files; weights: Record<string, T> } {
  const rng = random(seed);
  const weights: Record<string, T> = {};
  const bytes: Uint8Array[] = [];
  const specs = Object.entries(row.weights ?? {}).map(([name, shape]) => {
    const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () =>
      /variance/.test(name) ? 0.5 + rng.next() : rng.normal(),
    );
    weights[name] = tf.tensor(data, shape);
    bytes.push(new Uint8Array(data.buffer));
    return { name: `it/${name}`, shape, dtype: 'float32' };
  });
  const config = { name: 'it', batch_input_shape: [null, ...row.input], ...row.config };
  const modelTopology = {
    class_name: 'Sequential',
    config: { name: 'one', layers: [{ class_name: row.layer, config }] },
  };
  return {
    files: {
      'model.json': json({ modelTopology, weightsManifest: [{ paths: ['w.bin'], weights: specs }] }),
      'w.bin': new Uint8Array(Buffer.concat(bytes)),
    },
    weights,
  };
}

describe('Keras layers', () => {
  test.each(Object.entries(rows))('%s', async (_name, row) => {
    const { files, weights } = model(row);
    const { graph } = await readModel(files);
    const shape = [1, ...row.input];
    const rng = random(9);
    const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => rng.normal());
    const y = evaluateGraph(graph, { it_input: { dtype: 'float32', shape, data } }).it;
    const want = row.want(tf.tensor(data, shape), weights);
    expect([...y.shape]).toEqual(want.shape);
    const values = want.dataSync();
    const scale = Math.max(1, ...values.map(Math.abs));
    for (const [i, v] of values.entries()) expect(Math.abs(y.data[i] - v) / scale).toBeLessThan(1e-5);
  });

  test('subtract', async () => {
    const input = (name: string) => ({
      class_name: 'InputLayer',
      name,
      config: { name, batch_input_shape: [null, 3], dtype: 'float32' },
      inbound_nodes: [],
    });
    const files = {
      'model.json': json({
        class_name: 'Functional',
        config: {
          name: 'm',
          layers: [
            input('a'),
            input('b'),
            {
              class_name: 'Subtract',
              name: 's',
              config: { name: 's' },
              inbound_nodes: [
                [
                  ['a', 0, 0, {}],
                  ['b', 0, 0, {}],
                ],
              ],
            },
          ],
          input_layers: [
            ['a', 0, 0],
            ['b', 0, 0],
          ],
          output_layers: [['s', 0, 0]],
        },
      }),
    };
    const { graph } = await readModel(files);
    const t = (...values: number[]) => ({
      dtype: 'float32' as const,
      shape: [1, 3],
      data: Float32Array.from(values),
    });
    const { s } = evaluateGraph(graph, { a: t(1, 2, 3), b: t(5, 7, 9) });
    expect([...s.data]).toEqual([-4, -5, -6]);
  });
});
