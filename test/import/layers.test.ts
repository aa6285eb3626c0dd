/** Every tf.layers layer that espalier reads, in its many settings, against the predictions of tfjs. */
import type * as tfjs from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { predict, save, seedWeights, tf } from './models.ts';

const L = tf.layers;
type X = tfjs.SymbolicTensor;
type Apply = (...xs: X[]) => X | X[];
interface Row {
  readonly name: string;
  readonly inputs: readonly number[][];
  readonly apply: Apply;
  /** Inputs are whole numbers below this. */
  readonly below?: number;
}

const rows: Row[] = [];
const add = (name: string, inputs: number[][], apply: Apply, below?: number) =>
  rows.push({ name, inputs, apply, below });
/** A row per layer, each on one input of this shape. */
function on(input: number[], layers: Record<string, () => tfjs.layers.Layer>): void {
  for (const [name, make] of Object.entries(layers)) add(name, [input], (x) => make().apply(x) as X);
}

const last = { dataFormat: 'channelsLast' } as const;
const first = { dataFormat: 'channelsFirst' } as const;

on([7], {
  dense: () => L.dense({ units: 5 }),
  'dense, no bias': () => L.dense({ units: 5, useBias: false }),
  'layer norm': () => L.layerNormalization({}),
  'batch norm of features': () => L.batchNormalization({}),
  repeatVector: () => L.repeatVector({ n: 3 }),
  dropout: () => L.dropout({ rate: 0.5 }),
  gaussianNoise: () => L.gaussianNoise({ stddev: 1 }),
  gaussianDropout: () => L.gaussianDropout({ rate: 0.5 }),
  alphaDropout: () => L.alphaDropout({ rate: 0.5 }),
  leakyReLU: () => L.leakyReLU({ alpha: 0.2 }),
  'leakyReLU, default': () => L.leakyReLU(),
  prelu: () => L.prelu(),
  elu: () => L.elu({ alpha: 1 }),
  thresholdedReLU: () => L.thresholdedReLU({ theta: 0.4 }),
  reLU: () => L.reLU(),
  'reLU with a ceiling': () => L.reLU({ maxValue: 0.8 }),
  softmax: () => L.softmax(),
});
on([3, 4], {
  'dense over time': () => L.dense({ units: 5 }),
  flatten: () => L.flatten(),
  'reshape, -1': () => L.reshape({ targetShape: [-1, 2] }),
  permute: () => L.permute({ dims: [2, 1] }),
  spatialDropout1d: () => L.spatialDropout1d({ rate: 0.5 }),
});

for (const activation of [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const) {
  add(
    `activation ${activation}`,
    [[9]],
    (x) => L.activation({ activation: activation as 'relu' }).apply(x) as X,
  );
}
add(
  'activation as attribute',
  [[5, 6, 2]],
  (x) => L.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh' }).apply(x) as X,
);

for (const [format, shape] of [
  [last, [9, 8, 3]],
  [first, [3, 9, 8]],
] as const) {
  const f = format.dataFormat;
  on([...shape], {
    [`conv2d valid ${f}`]: () => L.conv2d({ ...format, filters: 4, kernelSize: 3 }),
    [`conv2d same stride 2 ${f}`]: () =>
      L.conv2d({ ...format, filters: 4, kernelSize: [3, 5], strides: 2, padding: 'same' }),
    [`conv2d dilated ${f}`]: () =>
      L.conv2d({ ...format, filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same', useBias: false }),
    [`depthwiseConv2d ${f}`]: () =>
      L.depthwiseConv2d({ ...format, kernelSize: 3, depthMultiplier: 2, activation: 'relu' }),
    [`depthwiseConv2d same stride 2 ${f}`]: () =>
      L.depthwiseConv2d({ ...format, kernelSize: 3, strides: 2, padding: 'same' }),
    [`maxPooling2d ${f}`]: () => L.maxPooling2d({ ...format, poolSize: 2 }),
    [`maxPooling2d same ${f}`]: () => L.maxPooling2d({ ...format, poolSize: 3, strides: 2, padding: 'same' }),
    [`averagePooling2d ${f}`]: () => L.averagePooling2d({ ...format, poolSize: [2, 3], strides: [1, 2] }),
    [`averagePooling2d same ${f}`]: () =>
      L.averagePooling2d({ ...format, poolSize: 3, strides: 2, padding: 'same' }),
    [`globalAveragePooling2d ${f}`]: () => L.globalAveragePooling2d({ ...format }),
    [`globalMaxPooling2d ${f}`]: () => L.globalMaxPooling2d({ ...format }),
    [`zeroPadding2d ${f}`]: () =>
      L.zeroPadding2d({
        ...format,
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
    [`zeroPadding2d, one number ${f}`]: () => L.zeroPadding2d({ ...format, padding: 2 as never }),
    [`cropping2D ${f}`]: () =>
      L.cropping2D({
        ...format,
        cropping: [
          [1, 2],
          [2, 1],
        ],
      }),
    [`upSampling2d nearest ${f}`]: () => L.upSampling2d({ ...format, size: [2, 3] }),
    [`upSampling2d bilinear ${f}`]: () =>
      L.upSampling2d({ ...format, size: [2, 2], interpolation: 'bilinear' }),
    [`flatten ${f}`]: () => L.flatten({ ...format }),
    [`layerNormalization ${f}`]: () => L.layerNormalization({ axis: [1, 2, 3] }),
    [`prelu with shared axes ${f}`]: () => L.prelu({ sharedAxes: [1, 2] }),
  });
}
on([6, 5, 3], {
  // The cpu backend of tfjs refuses or miscomputes these for channels_first: see keras.test.ts.
  batchNormalization: () => L.batchNormalization({ epsilon: 1e-2 }),
  'batchNormalization without scale': () => L.batchNormalization({ scale: false }),
  'batchNormalization without center': () => L.batchNormalization({ center: false }),
  conv2dTranspose: () => L.conv2dTranspose({ filters: 4, kernelSize: 3 }),
  'conv2dTranspose same stride 2': () =>
    L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
  'conv2dTranspose valid stride 2': () =>
    L.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: 'valid', useBias: false }),
  'conv2dTranspose stride over kernel': () => L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3 }),
  separableConv2d: () => L.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 }),
  'separableConv2d same stride 2': () =>
    L.separableConv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu6' }),
  'separableConv2d dilated': () => L.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: 2 }),
});
on([11, 4], {
  conv1d: () => L.conv1d({ filters: 3, kernelSize: 3 }),
  'conv1d same stride 2': () => L.conv1d({ filters: 3, kernelSize: 4, strides: 2, padding: 'same' }),
  maxPooling1d: () => L.maxPooling1d({ poolSize: 3, strides: 2 }),
  'maxPooling1d same': () => L.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }),
  averagePooling1d: () => L.averagePooling1d({ poolSize: 2 }),
  globalAveragePooling1d: () => L.globalAveragePooling1d({}),
  globalMaxPooling1d: () => L.globalMaxPooling1d({}),
});

for (const kind of ['add', 'multiply', 'average', 'maximum', 'minimum'] as const) {
  add(
    kind,
    [
      [4, 5],
      [4, 5],
      [4, 5],
    ],
    (...xs) => L[kind]().apply(xs) as X,
  );
}
add(
  'add, broadcasting',
  [
    [4, 5],
    [1, 5],
  ],
  (...xs) => L.add().apply(xs) as X,
);
add(
  'concatenate',
  [
    [4, 5],
    [4, 2],
  ],
  (...xs) => L.concatenate().apply(xs) as X,
);
add(
  'concatenate, axis 1',
  [
    [3, 5],
    [4, 5],
  ],
  (...xs) => L.concatenate({ axis: 1 }).apply(xs) as X,
);
add('dot of vectors', [[6], [6]], (...xs) => L.dot({ axes: 1 }).apply(xs) as X);
add('dot, cosine', [[6], [6]], (...xs) => L.dot({ axes: -1, normalize: true }).apply(xs) as X);
add(
  'dot of matrices',
  [
    [3, 6],
    [6, 4],
  ],
  (...xs) => L.dot({ axes: [2, 1] }).apply(xs) as X,
);

add('embedding', [[6]], (x) => L.embedding({ inputDim: 10, outputDim: 4 }).apply(x) as X, 10);

const step = [5, 4];
on(step, {
  lstm: () => L.lstm({ units: 3 }),
  'lstm, sequences, sigmoid gates': () =>
    L.lstm({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid' }),
  'lstm backwards': () => L.lstm({ units: 3, goBackwards: true, returnSequences: true, useBias: false }),
  gru: () => L.gru({ units: 3 }),
  'gru, sequences, sigmoid gates': () =>
    L.gru({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid' }),
  simpleRNN: () => L.simpleRNN({ units: 3 }),
  'simpleRNN, relu, sequences': () => L.simpleRNN({ units: 3, activation: 'relu', returnSequences: true }),
  'bidirectional lstm': () => L.bidirectional({ layer: L.lstm({ units: 3 }) as never, mergeMode: 'concat' }),
  'bidirectional gru, sequences, sum': () =>
    L.bidirectional({ layer: L.gru({ units: 3, returnSequences: true }) as never, mergeMode: 'sum' }),
  'bidirectional rnn, mul': () =>
    L.bidirectional({ layer: L.simpleRNN({ units: 3 }) as never, mergeMode: 'mul' }),
  'bidirectional rnn, ave': () =>
    L.bidirectional({ layer: L.simpleRNN({ units: 3, returnSequences: true }) as never, mergeMode: 'ave' }),
  'timeDistributed dense': () => L.timeDistributed({ layer: L.dense({ units: 3, activation: 'relu' }) }),
});
add('lstm with states out', [step], (x) => L.lstm({ units: 3, returnState: true }).apply(x) as X[]);
add('gru with a state in', [step, [3]], (x, h) => L.gru({ units: 3 }).apply(x, { initialState: [h] }) as X);
add(
  'timeDistributed conv2d',
  [[3, 5, 5, 2]],
  (x) => L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 3 }) }).apply(x) as X,
);

function build(row: Row): tfjs.LayersModel {
  const inputs = row.inputs.map((shape, i) => tf.input({ shape: [...shape], name: `x${i}` }));
  const outputs = row.apply(...inputs);
  const model = tf.model({ inputs, outputs });
  seedWeights(model);
  return model;
}

describe('layers', () => {
  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const model = build(row);
    const want = predict(model, undefined, row.below);
    const { graph } = await readModel(await save(model));
    const got = evaluateGraph(graph, want.inputs);
    expect(graph.outputs.length).toBe(want.outputs.length);
    graph.outputs.forEach((port, i) => {
      const y = got[port.name];
      expect([...y.shape]).toEqual(want.outputs[i].shape);
      const scale = Math.max(1, ...want.outputs[i].data.map(Math.abs));
      for (let k = 0; k < y.data.length; k++) {
        expect(Math.abs(y.data[k] - want.outputs[i].data[k]) / scale).toBeLessThan(1e-5);
      }
    });
  });
});
