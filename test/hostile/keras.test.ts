/** Malformed Keras files: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { addDataset, h5File, toH5, toKeras } from '../import/keras-files.ts';
import { save, seedWeights, tf } from '../import/models.ts';

const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], name: 'd' })] });
seedWeights(model);
const files = await save(model);
const soundH5 = toH5(files);
const soundZip = toKeras(files);
const config = JSON.stringify({
  class_name: 'Sequential',
  config: {
    name: 'm',
    layers: [{ class_name: 'Dense', config: { name: 'd', units: 3, batch_input_shape: [null, 4] } }],
  },
});

type File = Parameters<typeof addDataset>[0];
const kernel = new Float32Array(12).fill(0.5);
const h5 = (fill: (file: File) => void, text: string | null = config) =>
  h5File((file) => {
    if (text !== null) file.create_attribute('model_config', text);
    fill(file);
  });
const weights = (file: File) => {
  addDataset(file, ['model_weights/d/d/kernel:0', kernel, [4, 3]]);
  addDataset(file, ['model_weights/d/d/bias:0', new Float32Array(3), [3]]);
};
const zip = (change: (entries: Record<string, Uint8Array>) => Record<string, Uint8Array>) =>
  zipSync(change(unzipSync(soundZip)));

/** A size in the central directory that isn't that of the data. */
function lyingZip(size: number): Uint8Array {
  const bytes = soundZip.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at + 46 < bytes.length; at++) {
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, size, true);
  }
  return bytes;
}

const corpus: Record<string, [ErrorCode, Uint8Array]> = {
  'h5: a dataset in another file': [
    'E_PATH',
    h5((f) => {
      weights(f);
      (f.get('model_weights') as File).create_external_link('/etc/passwd', '/kernel', 'other');
    }),
  ],
  'h5: a link to nothing': [
    'E_FORMAT',
    h5((f) => {
      weights(f);
      (f.get('model_weights') as File).create_soft_link('/nowhere', 'other');
    }),
  ],
  'h5: a group inside itself': [
    'E_LIMIT',
    h5((f) => {
      weights(f);
      (f.get('model_weights/d') as File).create_hard_link('/model_weights/d', 'again');
    }),
  ],
  'h5: weights without a model': ['E_FORMAT', h5(weights, null)],
  'h5: a config that is no JSON': ['E_FORMAT', h5(weights, '{"class_name":')],
  'h5: a config that reaches a prototype': ['E_NAME', h5(weights, config.replace('"units"', '"__proto__"'))],
  'h5: a kernel of another shape': [
    'E_SHAPE',
    h5(
      (f) => addDataset(f, ['model_weights/d/d/kernel:0', kernel, [3, 4]]),
      config.replace('"units":3', '"units":3,"use_bias":false'),
    ),
  ],
  'h5: no weights': ['E_FORMAT', h5((f) => void f.create_group('model_weights'))],
  'h5: weights of nobody': [
    'E_FORMAT',
    h5((f) => {
      weights(f);
      addDataset(f, ['model_weights/other/kernel:0', kernel, [12]]);
    }),
  ],
  'h5: NaN among the weights': [
    'E_NONFINITE',
    h5((f) => addDataset(f, ['model_weights/d/d/kernel:0', new Float32Array(12).fill(Number.NaN), [4, 3]])),
  ],
  'h5: a layer that is code': ['E_UNSUPPORTED', h5(weights, config.replace('"Dense"', '"Lambda"'))],
  'h5: a bomb': [
    'E_LIMIT',
    h5((f) => {
      const group = f.create_group('model_weights').create_group('d');
      group.create_dataset({
        name: 'kernel:0',
        data: new Float32Array(2 ** 23),
        shape: [2 ** 23],
        chunks: [2 ** 20],
        compression: 9,
      });
    }),
  ],
  'h5: its first half': ['E_FORMAT', soundH5.slice(0, soundH5.length >> 1)],
  'h5: only its magic': ['E_FORMAT', soundH5.slice(0, 8)],
  'zip: truncated': ['E_FORMAT', soundZip.slice(0, soundZip.length - 30)],
  'zip: no config': ['E_FORMAT', zip(({ 'config.json': _, ...rest }) => rest)],
  'zip: no weights': ['E_FORMAT', zip(({ 'model.weights.h5': _, ...rest }) => rest)],
  'zip: weights that are no HDF5': ['E_FORMAT', zip((e) => ({ ...e, 'model.weights.h5': strToU8('hello') }))],
  'zip: a bomb': ['E_LIMIT', zip((e) => ({ ...e, 'config.json': new Uint8Array(2 ** 26) }))],
  'zip: too many entries': [
    'E_LIMIT',
    zip((e) => ({
      ...e,
      ...Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, new Uint8Array(0)])),
    })),
  ],
  'zip: sizes that lie': ['E_LIMIT', lyingZip(2 ** 31)],
  'zip: more variables than the layer has': [
    'E_FORMAT',
    zip((e) => ({
      ...e,
      'model.weights.h5': h5File((f) =>
        [0, 1, 2].forEach((i) => void addDataset(f, [`layers/dense/vars/${i}`, kernel, [12]])),
      ),
    })),
  ],
};

const within = async (bytes: Uint8Array, ms = 5000) => {
  const start = performance.now();
  const result = await readModel({ m: bytes }).then(
    () => undefined,
    (e) => e,
  );
  expect(performance.now() - start).toBeLessThan(ms);
  return result;
};

describe('corpus', () => {
  test.each(Object.entries(corpus))('%s', async (_name, [code, bytes]) => {
    const error = await within(bytes);
    expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
    expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}`));
  });

  test('the sound ones are read', async () => {
    expect(await within(soundH5)).toBeUndefined();
    expect(await within(soundZip)).toBeUndefined();
  });
});

test.each([
  ['h5', soundH5],
  ['zip', soundZip],
])('random damage to %s', async (_name, sound) => {
  const rng = random(4);
  for (let i = 0; i < 150; i++) {
    const bytes = sound.slice();
    for (let k = 0; k <= rng.int(6); k++) bytes[8 + rng.int(bytes.length - 8)] = rng.int(256);
    const error = await within(bytes);
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
