/** Random damage to sound tfjs models: only a `CompileError` or a model may come out. */
import type * as tfjs from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { CompileError } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { type Files, json, parsed, save, seedWeights, tf } from '../import/models.ts';

// biome-ignore lint/suspicious/noExplicitAny: hostile files have any shape
type Any = any;
const L = tf.layers;

/** A model of one input that all these layers see. */
function fan(shape: number[], layers: tfjs.layers.Layer[]): tfjs.LayersModel {
  const x = tf.input({ shape, name: 'x' });
  const model = tf.model({ inputs: x, outputs: layers.map((l) => l.apply(x) as typeof x) });
  seedWeights(model);
  return model;
}

const models = {
  images: fan(
    [6, 6, 2],
    [
      L.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
      L.depthwiseConv2d({ kernelSize: 3 }),
      L.separableConv2d({ filters: 2, kernelSize: 2 }),
      L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
      L.maxPooling2d({ poolSize: 2 }),
      L.averagePooling2d({ poolSize: 2 }),
      L.globalAveragePooling2d({}),
      L.globalMaxPooling2d({}),
      L.zeroPadding2d({}),
      L.cropping2D({ cropping: 1 as never }),
      L.upSampling2d({}),
      L.upSampling2d({ interpolation: 'bilinear' }),
      L.batchNormalization({}),
      L.layerNormalization({}),
      L.flatten(),
    ],
  ),
  sequences: fan(
    [4, 3],
    [
      L.lstm({ units: 2 }),
      L.gru({ units: 2, returnSequences: true }),
      L.simpleRNN({ units: 2 }),
      L.bidirectional({ layer: L.lstm({ units: 2 }) as never, mergeMode: 'concat' }),
      L.timeDistributed({ layer: L.dense({ units: 2 }) }),
      L.conv1d({ filters: 2, kernelSize: 2 }),
      L.maxPooling1d({}),
      L.averagePooling1d({}),
      L.globalMaxPooling1d({}),
      L.globalAveragePooling1d({}),
      L.permute({ dims: [2, 1] }),
      L.reshape({ targetShape: [2, -1] }),
      L.spatialDropout1d({ rate: 0.5 }),
    ],
  ),
  features: fan(
    [6],
    [
      L.dense({ units: 2, activation: 'softmax' }),
      L.repeatVector({ n: 2 }),
      L.prelu(),
      L.leakyReLU(),
      L.elu(),
      L.thresholdedReLU(),
      L.reLU({ maxValue: 6 }),
      L.softmax(),
      L.activation({ activation: 'tanh' }),
      L.embedding({ inputDim: 4, outputDim: 3 }),
      L.gaussianNoise({ stddev: 1 }),
    ],
  ),
};

/** Replaces, deletes or copies a few random parts of the JSON, or bytes of the shard. */
function mutate(sound: Files, seed: number): Files {
  const rng = random(seed);
  const pick = <T>(list: readonly T[]) => list[rng.int(list.length)];
  const files = { ...sound };
  if (rng.int(8) === 0) {
    const b = files['weights.bin'].slice(0, rng.int(files['weights.bin'].length + 1));
    files['weights.bin'] = b;
  }
  const model = parsed(files['model.json']);
  const spots: { holder: Any; key: string }[] = [];
  const walk = (v: Any) => {
    if (typeof v !== 'object' || v === null) return;
    for (const key of Object.keys(v)) {
      spots.push({ holder: v, key });
      walk(v[key]);
    }
  };
  const { layers } = model.modelTopology.config;
  // Half of the damage goes where only the readers of operators look.
  walk(rng.int(2) ? model : layers.map((l: Any) => l.config));
  const values = [
    null,
    0,
    -1,
    1.5,
    2 ** 31,
    1e308,
    '',
    'same',
    [],
    {},
    true,
    [[]],
    ['a', 0, 0],
    [null, 3],
    'Dense',
  ];
  for (let i = 0; i <= rng.int(3); i++) {
    const { holder, key } = pick(spots);
    const how = rng.int(5);
    if (typeof holder[key] === 'number' && how > 1) holder[key] += pick([-1, 1, 2, 0.5, 1e9]);
    else if (how === 0) delete holder[key];
    else if (how === 1) holder[key] = pick(values);
    else if (how === 2) {
      const other = pick(spots);
      const copy = JSON.stringify(other.holder[other.key]);
      if (copy !== undefined) holder[key] = JSON.parse(copy);
    } else if (Array.isArray(holder[key])) holder[key].push(pick(values));
    else holder[key] = [holder[key]];
  }
  files['model.json'] = json(model);
  return files;
}

test.each(Object.entries(models))('%s', async (_name, model) => {
  const sound = await save(model);
  await readModel(sound);
  const codes = new Set<string>();
  for (let seed = 0; seed < 1500; seed++) {
    await readModel(mutate(sound, seed)).then(
      () => codes.add('none'),
      (error) => {
        if (!(error instanceof CompileError)) throw new Error(`seed ${seed}: ${error.stack}`);
        codes.add(error.code);
      },
    );
  }
  expect(codes.size).toBeGreaterThan(5);
});
