/** Sequential and Functional models, nested and shared layers, several inputs and outputs, Keras 2 and 3. */
import type * as tfjs from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { edited, type Files, json, parsed, predict, save, seedWeights, tf } from './models.ts';

const L = tf.layers;
type X = tfjs.SymbolicTensor;

async function agree(model: tfjs.LayersModel, change: (files: Files) => Files = (f) => f) {
  const want = predict(model);
  const imported = await readModel(change(await save(model)));
  const got = evaluateGraph(imported.graph, want.inputs);
  expect(imported.graph.outputs.length).toBe(want.outputs.length);
  imported.graph.outputs.forEach((port, i) => {
    const y = got[port.name];
    expect([...y.shape]).toEqual(want.outputs[i].shape);
    expect(y.data.every((v, k) => Math.abs(v - want.outputs[i].data[k]) < 1e-5)).toBe(true);
  });
  return imported;
}

function seeded(model: tfjs.LayersModel): tfjs.LayersModel {
  seedWeights(model);
  return model;
}

test('sequential, with and without an input layer', async () => {
  const layers = () => [
    L.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 1], name: 'conv' }),
    L.maxPooling2d({ poolSize: 2, name: 'pool' }),
    L.flatten({ name: 'flat' }),
    L.dense({ units: 4, activation: 'softmax', name: 'out' }),
  ];
  const { graph, format, producer } = await agree(seeded(tf.sequential({ layers: layers() })));
  expect(format).toBe('tfjs layers model');
  expect(producer).toBe('TensorFlow.js');
  expect(graph.inputs.map((p) => p.name)).toEqual(['conv_input']);
  expect(graph.outputs.map((p) => p.name)).toEqual(['out']);
  const explicit = [L.inputLayer({ inputShape: [8, 8, 1], name: 'image' }), ...layers().slice(1)];
  const { graph: named } = await agree(seeded(tf.sequential({ layers: explicit })));
  expect(named.inputs.map((p) => p.name)).toEqual(['image']);
});

test('nested models, called once and twice', async () => {
  const encoder = tf.sequential({
    name: 'encoder',
    layers: [L.dense({ units: 4, inputShape: [6], name: 'd1' }), L.dense({ units: 3, name: 'd2' })],
  });
  const inner = tf.input({ shape: [3], name: 'inner' });
  const head = tf.model({
    name: 'head',
    inputs: inner,
    outputs: [L.dense({ units: 2, name: 'h1' }).apply(inner) as X, L.reLU({ name: 'h2' }).apply(inner) as X],
  });
  const [a, b] = [tf.input({ shape: [6], name: 'a' }), tf.input({ shape: [6], name: 'b' })];
  const [ea, eb] = [encoder.apply(a) as X, encoder.apply(b) as X];
  const [ha, hb] = [head.apply(ea) as X[], head.apply(eb) as X[]];
  const model = tf.model({
    inputs: [a, b],
    outputs: [L.concatenate({ name: 'all' }).apply([ha[0], hb[1], ea]) as X, ha[1]],
  });
  const { graph } = await agree(seeded(model));
  expect(graph.inputs.map((p) => p.name)).toEqual(['a', 'b']);
  expect(graph.outputs.map((p) => p.name)).toEqual(['all', 'head:1']);
  // Three layers of weights, each once, though the encoder is called twice.
  expect([...graph.values.values()].filter((v) => v.origin).length).toBe(6);
  expect(new Set(graph.nodes.map((n) => n.name))).toContain('encoder:1/d1');
});

test('a nested model first in a sequential', async () => {
  const body = tf.sequential({
    name: 'body',
    layers: [L.dense({ units: 4, inputShape: [6], name: 'd1' })],
  });
  const model = tf.sequential({ layers: [body, L.dense({ units: 2, name: 'd2' })] });
  const { graph } = await agree(seeded(model));
  expect(graph.inputs.map((p) => p.name)).toEqual(['d1_input']);
});

test('shared layers and a diamond', async () => {
  const x = tf.input({ shape: [5], name: 'x' });
  const shared = L.dense({ units: 5, activation: 'tanh', name: 'shared' });
  const once = shared.apply(x) as X;
  const twice = shared.apply(once) as X;
  const model = tf.model({ inputs: x, outputs: L.add({ name: 'sum' }).apply([once, twice, x]) as X });
  const { graph } = await agree(seeded(model));
  expect(graph.nodes.map((n) => n.name)).toContain('shared:1');
  expect([...graph.values.values()].filter((v) => v.data).length).toBe(2);
});

test('an input that is an output, and an output given twice', async () => {
  const x = tf.input({ shape: [5], name: 'x' });
  const model = seeded(tf.model({ inputs: x, outputs: L.dense({ units: 2, name: 'y' }).apply(x) as X }));
  const { inputs, outputs } = predict(model);
  const files = edited(await save(model), (m) => {
    m.modelTopology.config.output_layers = ['y', 'x', 'y'].map((name) => [name, 0, 0]);
  });
  const { graph } = await readModel(files);
  const got = evaluateGraph(graph, inputs);
  expect(Object.keys(got)).toEqual(['y', 'x', 'y_1']);
  expect(got.x.data).toEqual(inputs.x.data);
  expect(got.y_1.data).toEqual(got.y.data);
  expect(got.y.data.every((v, i) => Math.abs(v - outputs[0].data[i]) < 1e-5)).toBe(true);
});

test('layers listed against the flow of data', async () => {
  const x = tf.input({ shape: [5], name: 'x' });
  const a = L.dense({ units: 4, name: 'a' }).apply(x) as X;
  const b = L.dense({ units: 4, name: 'b' }).apply(a) as X;
  await agree(seeded(tf.model({ inputs: x, outputs: L.add({ name: 'c' }).apply([a, b]) as X })), (files) =>
    edited(files, (m) => void m.modelTopology.config.layers.reverse()),
  );
});

describe('open shapes', () => {
  async function open(): Promise<Files> {
    const x = tf.input({ shape: [null, null, 2], name: 'x' });
    return save(
      seeded(tf.model({ inputs: x, outputs: L.conv2d({ filters: 2, kernelSize: 3 }).apply(x) as X })),
    );
  }
  test('are fixed by an option', async () => {
    const { graph } = await readModel(await open(), { shapes: { x: [2, 6, 5, 2] } });
    expect(graph.values.get(graph.outputs[0].value)!.shape).toEqual([2, 4, 3, 2]);
  });
  test.each([
    [undefined, 'E_SHAPE'],
    [{ x: [1, 6, 5, 3] }, 'E_USAGE'],
    [{ x: [1, 6, 5] }, 'E_USAGE'],
    [{ z: [1, 6, 5, 2] }, 'E_USAGE'],
  ])('%j gives %s', async (shapes, code) => {
    await expect(readModel(await open(), { shapes })).rejects.toMatchObject({ code });
  });
});

/** The same model as Keras 3 writes it. */
function keras3(files: Files): Files {
  return edited(files, (m) => {
    const { config } = m.modelTopology;
    m.modelTopology.class_name = 'Functional';
    for (const layer of config.layers) {
      layer.module = 'keras.layers';
      layer.registered_name = null;
      layer.config.dtype = {
        module: 'keras',
        class_name: 'DTypePolicy',
        config: { name: 'float32' },
        registered_name: null,
      };
      if (layer.class_name === 'InputLayer') {
        layer.config.batch_shape = layer.config.batch_input_shape;
        layer.config.dtype = 'float32';
        delete layer.config.batch_input_shape;
      }
      layer.inbound_nodes = layer.inbound_nodes.map((node: [string, number, number][]) => {
        const tensors = node.map(([name, call, output]) => ({
          class_name: '__keras_tensor__',
          config: { shape: [null, 1], dtype: 'float32', keras_history: [name, call, output] },
        }));
        return { args: tensors.length > 1 ? [tensors] : tensors, kwargs: { mask: null } };
      });
    }
    if (config.input_layers.length === 1) config.input_layers = config.input_layers[0];
    config.output_layers = Object.fromEntries(config.output_layers.map((r: [string]) => [r[0], r]));
  });
}

test('Keras 3 configs', async () => {
  const x = tf.input({ shape: [5], name: 'x' });
  const a = L.dense({ units: 4, name: 'a', activation: 'relu' }).apply(x) as X;
  const b = L.dense({ units: 4, name: 'b' }).apply(a) as X;
  const c = L.add({ name: 'c' }).apply([a, b]) as X;
  await agree(seeded(tf.model({ inputs: x, outputs: [c, a] })), keras3);
});

describe('envelopes', () => {
  const layers = [
    { class_name: 'Flatten', config: { name: 'f', batch_input_shape: [null, 2, 3] } },
    { class_name: 'Softmax', config: { name: 's' } },
  ];
  const topology = { class_name: 'Sequential', config: { name: 'm', layers } };
  test.each([
    ['bare', topology],
    ['a list of layers', { class_name: 'Sequential', config: layers }],
    ['with its training', { model_config: topology, training_config: {} }],
    ['as text', { model_config: JSON.stringify(topology) }],
    ['tfjs', { modelTopology: { model_config: topology }, weightsManifest: [] }],
  ])('%s', async (_name, model) => {
    const { graph } = await readModel({ 'net.json': json(model) });
    expect(graph.inputs.map((p) => p.name)).toEqual(['f_input']);
    expect(graph.outputs.map((p) => p.name)).toEqual(['s']);
  });
});

test('everything unsupported is listed at once, before weights are read', async () => {
  const x = tf.input({ shape: [5], name: 'x' });
  const a = L.dense({ units: 4, name: 'a' }).apply(x) as X;
  const b = L.dense({ units: 4, name: 'b' }).apply(a) as X;
  const files = edited(await save(seeded(tf.model({ inputs: x, outputs: b }))), (m) => {
    const [, first, second] = m.modelTopology.config.layers;
    first.class_name = 'Lambda';
    second.config.activation = 'wobble';
    second.inbound_nodes[0][0][3] = { temperature: 2 };
  });
  const error = await readModel({ 'model.json': files['model.json'] }).catch((e) => e);
  expect(error.code).toBe('E_UNSUPPORTED');
  expect(error.items.map((e: { place: { node: string } }) => e.place.node).sort()).toEqual(['a', 'b', 'b']);
  expect(error.message).toMatch(/Lambda[\s\S]*wobble|wobble[\s\S]*Lambda/);
});

test('unsupported settings of several layers are listed at once', async () => {
  const x = tf.input({ shape: [6, 6, 1], name: 'x' });
  const outputs = ['a', 'b'].map((name) => L.conv2d({ name, filters: 1, kernelSize: 3 }).apply(x) as X);
  const after = L.flatten({ name: 'after' }).apply(outputs[0]) as X;
  const files = edited(await save(seeded(tf.model({ inputs: x, outputs: [after, outputs[1]] }))), (m) => {
    for (const l of m.modelTopology.config.layers) if (l.config.padding) l.config.padding = 'sideways';
  });
  const error = await readModel(files).catch((e) => e);
  expect(error.items?.map((e: { place: { node: string } }) => e.place.node)).toEqual(['a', 'b']);
});

test('the source model is identified by what was read', async () => {
  const model = tf.sequential({ layers: [L.dense({ units: 2, inputShape: [3] })] });
  const files = await save(seeded(model));
  const one = await readModel(files);
  expect(one.files.map((f) => f.path)).toEqual(['model.json', 'weights.bin']);
  expect(await readModel(files)).toMatchObject({ hash: one.hash });
  const other = { ...files, 'weights.bin': files['weights.bin'].map((b, i) => (i === 0 ? b ^ 1 : b)) };
  expect((await readModel(other)).hash).not.toBe(one.hash);
  expect(parsed(files['model.json']).format).toBe('layers-model');
});
