/** `.h5` and `.keras` files give the graph that the same model gives as a tfjs LayersModel. */
import { expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { snake } from '../../compiler/import/keras-file-variables.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { toH5, toKeras } from './keras-files.ts';
import { predict, save, seedWeights, tf } from './models.ts';

const L = tf.layers;

function image() {
  const x = tf.input({ shape: [8, 8, 2], name: 'x' });
  const a = L.conv2d({ filters: 3, kernelSize: 3, name: 'a', activation: 'relu' }).apply(x) as typeof x;
  const b = L.batchNormalization({ name: 'b' }).apply(a) as typeof x;
  const c = L.depthwiseConv2d({ kernelSize: 3, name: 'c', padding: 'same', useBias: false }).apply(
    b,
  ) as typeof x;
  const d = L.batchNormalization({ name: 'd', scale: false }).apply(c) as typeof x;
  const e = L.separableConv2d({ filters: 4, kernelSize: 1, name: 'e' }).apply(
    L.add({ name: 'f' }).apply([b, d]),
  ) as typeof x;
  const g = L.conv2d({ filters: 2, kernelSize: 2, name: 'g' }).apply(
    L.prelu({ name: 'p' }).apply(e),
  ) as typeof x;
  return tf.model({
    inputs: x,
    outputs: L.dense({ units: 4, name: 'z' }).apply(L.flatten({ name: 'h' }).apply(g)) as typeof x,
  });
}

const models = {
  image,
  sequence: () =>
    tf.sequential({
      layers: [
        L.lstm({ units: 4, inputShape: [5, 3], returnSequences: true, name: 'one' }),
        L.gru({ units: 3, name: 'two' }),
        L.dense({ units: 2, name: 'three', activation: 'softmax' }),
      ],
    }),
};

test.each(Object.entries(models))('%s', async (_name, make) => {
  const model = make();
  seedWeights(model);
  const files = await save(model);
  const { inputs, outputs } = predict(model);
  for (const bytes of [toH5(files), toKeras(files)]) {
    const { graph } = await readModel({ 'model.any': bytes });
    const [y] = Object.values(evaluateGraph(graph, { [graph.inputs[0].name]: Object.values(inputs)[0] }));
    expect(y.shape).toEqual(outputs[0].shape);
    y.data.forEach((v, i) => void expect(Math.abs(v - outputs[0].data[i])).toBeLessThanOrEqual(2e-5));
  }
});

test('the format is told by the bytes', async () => {
  const model = models.sequence();
  const files = await save(model);
  expect((await readModel({ m: toH5(files) })).format).toBe('keras h5');
  expect((await readModel({ m: toH5(files) })).producer).toBe('Keras 2.15.0');
  expect((await readModel({ m: toKeras(files) })).format).toBe('keras');
});

test.each([
  ['Conv2D', 'conv2d'],
  ['SeparableConv2D', 'separable_conv2d'],
  ['BatchNormalization', 'batch_normalization'],
  ['LSTM', 'lstm'],
  ['PReLU', 'p_re_lu'],
  ['InputLayer', 'input_layer'],
])('%s is %s', (name, expected) => {
  expect(snake(name)).toBe(expected);
});
