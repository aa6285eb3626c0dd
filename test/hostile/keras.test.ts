/** Malformed Keras files: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { addDataset, h5File, toH5, toKeras } from '../import/keras-files.ts';
import { save, seedWeights, tf } from '../import/models.ts';
import { type Corpus, hostile } from './corpus.ts';

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

/** A corpus of HDF5 contents; `path` is the group of the weights of the layer. */
function inside(
  path: string,
  kernelName: string,
  biasName: string,
  make: (fill: (file: File) => void) => Uint8Array,
): Record<string, [ErrorCode, Uint8Array]> {
  const whole = (file: File) => {
    addDataset(file, [path + kernelName, kernel, [4, 3]]);
    addDataset(file, [path + biasName, new Float32Array(3), [3]]);
  };
  const group = (file: File) => file.get(path.slice(0, -1)) as File;
  const beside = (fill: (file: File) => void) =>
    make((f) => {
      whole(f);
      fill(f);
    });
  const instead = (data: Float32Array | Int32Array, shape: number[]) =>
    make((f) => {
      addDataset(f, [path + kernelName, data, shape]);
      addDataset(f, [path + biasName, new Float32Array(3), [3]]);
    });
  const link = (target: string) => beside((f) => group(f).create_external_link(target, '/kernel', 'other'));
  return {
    'an external link to a file of the system': ['E_PATH', link('/etc/passwd')],
    'an external link up': ['E_PATH', link('../../secret.h5')],
    'an external link to itself': ['E_PATH', link('/model-0.h5')],
    'an external link to nothing': ['E_PATH', link('nowhere.h5')],
    'an external link in place of the kernel': [
      'E_PATH',
      make((f) => {
        addDataset(f, [path + biasName, new Float32Array(3), [3]]);
        group(f).create_external_link('/etc/passwd', '/kernel', kernelName);
      }),
    ],
    'a soft link to nothing': ['E_FORMAT', beside((f) => group(f).create_soft_link('/nowhere', 'other'))],
    'a soft link to itself': ['E_FORMAT', beside((f) => group(f).create_soft_link(`/${path}other`, 'other'))],
    'a soft link up': ['E_LIMIT', beside((f) => group(f).create_soft_link(`/${path.split('/')[0]}`, 'up'))],
    'a group in itself': [
      'E_LIMIT',
      beside((f) => group(f).create_hard_link(`/${path.slice(0, -1)}`, 'again')),
    ],
    'groups 100 deep': [
      'E_LIMIT',
      beside((f) => {
        let at = group(f);
        for (let i = 0; i < 100; i++) at = at.create_group(`g${i}`) as File;
      }),
    ],
    'too many groups': [
      'E_LIMIT',
      beside((f) => {
        const many = group(f).create_group('many');
        for (let i = 0; i < 20_001; i++) many.create_group(`g${i}`);
      }),
    ],
    'a group named like a prototype': ['E_NAME', beside((f) => void group(f).create_group('__proto__'))],
    'a group named like a constructor': ['E_NAME', beside((f) => void group(f).create_group('constructor'))],
    'a group that ends a script': ['E_NAME', beside((f) => void group(f).create_group('<script'))],
    'a group that steers terminals': ['E_NAME', beside((f) => void group(f).create_group('\u001b[2J'))],
    'a group named without end': ['E_NAME', beside((f) => void group(f).create_group('x'.repeat(5000)))],
    'a kernel that is a group': [
      'E_FORMAT',
      make((f) => {
        addDataset(f, [path + biasName, new Float32Array(3), [3]]);
        group(f).create_group(kernelName);
      }),
    ],
    'a kernel of text': [
      'E_UNSUPPORTED',
      make((f) => {
        addDataset(f, [path + biasName, new Float32Array(3), [3]]);
        group(f).create_dataset({ name: kernelName, data: Array(12).fill('one'), shape: [4, 3] });
      }),
    ],
    'a kernel turned': ['E_SHAPE', instead(kernel, [3, 4])],
    'a kernel too large': ['E_SHAPE', instead(new Float32Array(24), [8, 3])],
    'a kernel of nine dimensions': ['E_LIMIT', instead(kernel, [4, 3, 1, 1, 1, 1, 1, 1, 1])],
    'a kernel that is one number': ['E_SHAPE', instead(kernel.slice(0, 1), [1])],
    'a kernel of NaN': ['E_NONFINITE', instead(new Float32Array(12).fill(Number.NaN), [4, 3])],
    'an infinite kernel': [
      'E_NONFINITE',
      instead(new Float32Array(12).fill(Number.POSITIVE_INFINITY), [4, 3]),
    ],
    'a bomb among the weights': [
      'E_LIMIT',
      beside(
        (f) =>
          void group(f).create_dataset({
            name: 'bomb',
            data: new Float32Array(2 ** 23),
            shape: [2 ** 23],
            chunks: [2 ** 20],
            compression: 9,
          }),
      ),
    ],
    'many small bombs': [
      'E_LIMIT',
      beside((f) => {
        const data = new Float32Array(2 ** 20);
        for (let i = 0; i < 20; i++)
          group(f).create_dataset({
            name: `b${i}`,
            data,
            shape: [2 ** 20],
            chunks: [2 ** 18],
            compression: 9,
          });
      }),
    ],
  };
}

/** A corpus of topologies. */
function configs(make: (config: string) => Uint8Array): Record<string, [ErrorCode, Uint8Array]> {
  // biome-ignore lint/suspicious/noExplicitAny: hostile files have any shape
  type Any = any;
  const change = (f: (m: Any) => void) => {
    const m = JSON.parse(config);
    f(m);
    return make(JSON.stringify(m));
  };
  const layer = (f: (l: Any) => void) => change((m) => f(m.config.layers[0]));
  const named = (name: string) => layer((l) => (l.config.name = name));
  const input = (shape: Any) => layer((l) => (l.config.batch_input_shape = shape));
  const text = (from: string, to: string) => make(config.replace(from, to));
  return {
    'a config that is a list': ['E_FORMAT', make('[]')],
    'half a config': ['E_FORMAT', make(config.slice(0, config.length / 2))],
    'a config nested too deep': ['E_LIMIT', make('['.repeat(100_000))],
    'a key __proto__': ['E_NAME', text('"units"', '"__proto__"')],
    'a key constructor': ['E_NAME', text('"units"', '"constructor"')],
    'units of NaN': ['E_FORMAT', text('3', 'NaN')],
    'units below 0': ['E_SHAPE', layer((l) => (l.config.units = -3))],
    'units the weights have not': ['E_SHAPE', layer((l) => (l.config.units = 4))],
    'a layer nobody knows': ['E_UNSUPPORTED', layer((l) => (l.class_name = 'Dense9'))],
    'a layer of Python code': ['E_UNSUPPORTED', layer((l) => (l.class_name = 'Lambda'))],
    'a registered layer': ['E_UNSUPPORTED', layer((l) => (l.class_name = 'pkg>Dense'))],
    'a layer toString': ['E_UNSUPPORTED', layer((l) => (l.class_name = 'toString'))],
    'an activation of code': ['E_UNSUPPORTED', layer((l) => (l.config.activation = 'toString'))],
    'no class': ['E_FORMAT', layer((l) => delete l.class_name)],
    'no layers': ['E_GRAPH', change((m) => (m.config.layers = []))],
    'two layers of one name': ['E_GRAPH', change((m) => m.config.layers.push(m.config.layers[0]))],
    'a name that ends a comment': ['E_NAME', named('*/ evil()')],
    'a name that ends a script': ['E_NAME', named('</script>')],
    'a name with a line break': ['E_NAME', named('a\nb')],
    'a name that turns text around': ['E_NAME', named('\u202eevil')],
    'a name without end': ['E_NAME', named('x'.repeat(1e6))],
    'no name': ['E_NAME', named('')],
    'an input that is open': ['E_SHAPE', input([null, null])],
    'an input of size 0': ['E_SHAPE', input([null, 0])],
    'an input of 2^40': ['E_SHAPE', input([null, 2 ** 20, 2 ** 20])],
    'an input of text': ['E_FORMAT', input([null, 'a'])],
  };
}

/** The first tenths of a file. */
const cuts = (bytes: Uint8Array, count: number): Record<string, [ErrorCode, Uint8Array]> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `its first ${i + 1} tenths`,
      ['E_FORMAT', bytes.slice(0, Math.floor((bytes.length * (i + 1)) / 10))],
    ]),
  );

function patched(bytes: Uint8Array, at: number, value: number, length = 1): Uint8Array {
  const b = bytes.slice();
  b.fill(value, at, at + length);
  return b;
}

const attribute = (value: unknown) =>
  h5File((f) => {
    f.create_attribute('model_config', value as string);
    weights(f);
  });

/** Every entry of the central directory with other 32 bits at `offset`. */
function patchedEntries(offset: number, value: number): Uint8Array {
  const bytes = soundZip.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at + 46 < bytes.length; at++) {
    if (view.getUint32(at, true) === 0x02014b50) view.setUint16(at + offset, value, true);
  }
  return bytes;
}

/** Two entries of one name. */
function twice(): Uint8Array {
  const bytes = zip((e) => ({ ...e, 'confix.json': e['config.json'] }));
  const text = Buffer.from(bytes);
  for (let at = text.indexOf('confix.json'); at >= 0; at = text.indexOf('confix.json')) text[at + 5] = 0x67;
  return new Uint8Array(text);
}

const h5Corpus: Record<string, [ErrorCode, Uint8Array]> = {
  'a dataset in another file': [
    'E_PATH',
    h5((f) => {
      weights(f);
      (f.get('model_weights') as File).create_external_link('/etc/passwd', '/kernel', 'other');
    }),
  ],
  'a link to nothing': [
    'E_FORMAT',
    h5((f) => {
      weights(f);
      (f.get('model_weights') as File).create_soft_link('/nowhere', 'other');
    }),
  ],
  'a group inside itself': [
    'E_LIMIT',
    h5((f) => {
      weights(f);
      (f.get('model_weights/d') as File).create_hard_link('/model_weights/d', 'again');
    }),
  ],
  'weights without a model': ['E_FORMAT', h5(weights, null)],
  'a config that is no JSON': ['E_FORMAT', h5(weights, '{"class_name":')],
  'a config that reaches a prototype': ['E_NAME', h5(weights, config.replace('"units"', '"__proto__"'))],
  'a kernel of another shape': [
    'E_SHAPE',
    h5(
      (f) => addDataset(f, ['model_weights/d/d/kernel:0', kernel, [3, 4]]),
      config.replace('"units":3', '"units":3,"use_bias":false'),
    ),
  ],
  'no weights': ['E_FORMAT', h5((f) => void f.create_group('model_weights'))],
  'weights of nobody': [
    'E_FORMAT',
    h5((f) => {
      weights(f);
      addDataset(f, ['model_weights/other/kernel:0', kernel, [12]]);
    }),
  ],
  'NaN among the weights': [
    'E_NONFINITE',
    h5((f) => addDataset(f, ['model_weights/d/d/kernel:0', new Float32Array(12).fill(Number.NaN), [4, 3]])),
  ],
  'a layer that is code': ['E_UNSUPPORTED', h5(weights, config.replace('"Dense"', '"Lambda"'))],
  'a bomb': [
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
  'its first half': ['E_FORMAT', soundH5.slice(0, soundH5.length >> 1)],
  'only its magic': ['E_FORMAT', soundH5.slice(0, 8)],
  ...inside('model_weights/d/d/', 'kernel:0', 'bias:0', (fill) => h5(fill)),
  ...configs((text) => h5(weights, text)),
  ...cuts(soundH5, 9),
  'an attribute that is a number': ['E_FORMAT', attribute(7)],
  'an attribute that is a list of texts': ['E_FORMAT', attribute([config, config])],
  'an empty config': ['E_FORMAT', h5(weights, '')],
  'weights that are a dataset': ['E_FORMAT', h5((f) => addDataset(f, ['model_weights', kernel, [12]]))],
  'a superblock of the future': ['E_FORMAT', patched(soundH5, 8, 0xff)],
  'offsets of 200 bytes': ['E_FORMAT', patched(soundH5, 13, 200)],
  'a root beyond the end': ['E_FORMAT', patched(soundH5, 0x40, 0xff, 4)],
};

const zipCorpus: Record<string, [ErrorCode, Uint8Array]> = {
  truncated: ['E_FORMAT', soundZip.slice(0, soundZip.length - 30)],
  'no config': ['E_FORMAT', zip(({ 'config.json': _, ...rest }) => rest)],
  'no weights': ['E_FORMAT', zip(({ 'model.weights.h5': _, ...rest }) => rest)],
  'weights that are no HDF5': ['E_FORMAT', zip((e) => ({ ...e, 'model.weights.h5': strToU8('hello') }))],
  'a bomb': ['E_LIMIT', zip((e) => ({ ...e, 'config.json': new Uint8Array(2 ** 26) }))],
  'too many entries': [
    'E_LIMIT',
    zip((e) => ({
      ...e,
      ...Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, new Uint8Array(0)])),
    })),
  ],
  'sizes that lie': ['E_LIMIT', lyingZip(2 ** 31)],
  'more variables than the layer has': [
    'E_FORMAT',
    zip((e) => ({
      ...e,
      'model.weights.h5': h5File((f) =>
        [0, 1, 2].forEach((i) => void addDataset(f, [`layers/dense/vars/${i}`, kernel, [12]])),
      ),
    })),
  ],
  ...inside('layers/dense/vars/', '0', '1', (fill) =>
    zip((e) => ({ ...e, 'model.weights.h5': h5File(fill) })),
  ),
  ...configs((text) => zip((e) => ({ ...e, 'config.json': strToU8(text) }))),
  ...cuts(soundZip, 9),
  'an entry twice': ['E_FORMAT', twice()],
  'sizes of 0': ['E_FORMAT', lyingZip(0)],
  'a method nobody knows': ['E_FORMAT', patchedEntries(10, 99)],
  'an entry that lies elsewhere': ['E_FORMAT', patchedEntries(42, 0xffff)],
  'a directory beyond the end': ['E_FORMAT', patched(soundZip, soundZip.length - 6, 0xff, 3)],
  'more entries than there are': ['E_FORMAT', patched(soundZip, soundZip.length - 14, 0xff, 4)],
  'no entries': ['E_FORMAT', patched(soundZip, soundZip.length - 14, 0, 4)],
  'weights cut in half': [
    'E_FORMAT',
    zip((e) => ({
      ...e,
      'model.weights.h5': e['model.weights.h5'].slice(0, e['model.weights.h5'].length >> 1),
    })),
  ],
  'a config of another layer’s weights': [
    'E_FORMAT',
    zip((e) => ({ ...e, 'config.json': strToU8(config.replace('"Dense"', '"PReLU"')) })),
  ],
};

const file = (bytes: Uint8Array) => ({ m: bytes });
const stored = (corpus: Record<string, [ErrorCode, Uint8Array]>, sound: Uint8Array): Corpus => ({
  ...Object.fromEntries(Object.entries(corpus).map(([name, [code, bytes]]) => [name, [code, file(bytes)]])),
  'the sound one': ['none', file(sound)],
});

hostile('keras h5', stored(h5Corpus, soundH5));
hostile('keras zip', stored(zipCorpus, soundZip));

test.each([
  ['h5', soundH5],
  ['zip', soundZip],
])('random damage to %s', async (_name, sound) => {
  const rng = random(4);
  for (let i = 0; i < 150; i++) {
    const bytes = sound.slice();
    for (let k = 0; k <= rng.int(6); k++) bytes[8 + rng.int(bytes.length - 8)] = rng.int(256);
    const error = await readModel(file(bytes)).then(
      () => undefined,
      (e) => e,
    );
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
