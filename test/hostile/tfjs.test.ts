/**
 * Malformed and hostile tfjs models: each ends in its error code, soon, and nothing but a `CompileError` comes out. The models
 * are built here from one that is sound.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { edited, type Files, json, save, seedWeights, tf } from '../import/models.ts';
import { hostile } from './corpus.ts';

const sound = await soundModel();

async function soundModel(): Promise<Files> {
  const L = tf.layers;
  const x = tf.input({ shape: [6, 6, 2], name: 'x' });
  const a = L.conv2d({ filters: 3, kernelSize: 3, name: 'a', activation: 'relu' }).apply(x) as typeof x;
  const b = L.batchNormalization({ name: 'b' }).apply(a) as typeof x;
  const c = L.add({ name: 'c' }).apply([a, b]) as typeof x;
  const d = L.flatten({ name: 'd' }).apply(c) as typeof x;
  const e = L.dense({ units: 4, name: 'e' }).apply(d) as typeof x;
  const model = tf.model({ inputs: x, outputs: e });
  seedWeights(model);
  return save(model);
}

// biome-ignore lint/suspicious/noExplicitAny: hostile files have any shape
type Any = any;
const change = (f: (m: Any) => void) => () => edited(sound, f);
const layer = (name: string, f: (l: Any) => void) =>
  change((m) => f(m.modelTopology.config.layers.find((l: Any) => l.name === name)));
const weight = (name: string, f: (w: Any) => void) =>
  change((m) => f(m.weightsManifest[0].weights.find((w: Any) => w.name === name)));
const bytes = (f: (b: Uint8Array) => Uint8Array) => (): Files => ({
  ...sound,
  'weights.bin': f(sound['weights.bin'].slice()),
});
const text = (s: string) => (): Files => ({ ...sound, 'model.json': new TextEncoder().encode(s) });
const soundText = new TextDecoder().decode(sound['model.json']);

/** A model that holds two copies of itself, over and over. */
function bomb(): Files {
  let model: Any = {
    class_name: 'Sequential',
    config: { layers: [{ class_name: 'ReLU', config: { name: 'r', batch_input_shape: [null, 1] } }] },
  };
  for (let i = 0; i < 13; i++) {
    const layers = ['m', 'n'].map((name) => ({ ...model, name }));
    model = { class_name: 'Sequential', config: { layers } };
  }
  return { 'model.json': json(model) };
}

/** The same through calls instead of copies: 2^24 calls of one layer, in a small file. */
function unfolding(): Files {
  const ref = (name: string, call: number) => [[[name, call, 0, {}]]];
  let inner: Any = { class_name: 'ReLU', name: 'f', config: { name: 'f' } };
  let shift = 0;
  for (let i = 0; i < 24; i++) {
    const input = {
      class_name: 'InputLayer',
      name: 'i',
      config: { name: 'i', batch_input_shape: [null, 1] },
      inbound_nodes: [],
    };
    const twice = { ...inner, inbound_nodes: [...ref('i', 0), ...ref('f', shift)] };
    inner = {
      class_name: 'Functional',
      name: 'f',
      config: {
        name: 'f',
        layers: [input, twice],
        input_layers: [['i', 0, 0]],
        output_layers: [['f', shift + 1, 0]],
      },
    };
    shift = 1;
  }
  return { 'model.json': json(inner) };
}

const corpus: Record<string, [code: ErrorCode, make: () => Files]> = {
  'empty file': ['E_FORMAT', text('')],
  'no JSON': ['E_FORMAT', text('hello')],
  'half of the JSON': ['E_FORMAT', text(soundText.slice(0, soundText.length / 2))],
  'a number': ['E_FORMAT', text('1')],
  'a list': ['E_FORMAT', text('[]')],
  'no topology': ['E_FORMAT', change((m) => delete m.modelTopology)],
  'NaN literal': ['E_FORMAT', text(soundText.replace('"units":4', '"units":NaN'))],
  'deep nesting': ['E_LIMIT', text('['.repeat(2_000_000))],
  'key __proto__': ['E_NAME', text(soundText.replace('"units"', '"__proto__"'))],
  'key constructor': ['E_NAME', text(soundText.replace('"units"', '"constructor"'))],
  'binary as JSON': ['E_FORMAT', () => ({ ...sound, 'model.json': sound['weights.bin'] })],

  'missing shard': ['E_TRUNCATED', () => ({ 'model.json': sound['model.json'] })],
  'empty shard': ['E_TRUNCATED', bytes(() => new Uint8Array(0))],
  'one byte too few': ['E_TRUNCATED', bytes((b) => b.subarray(1))],
  'one byte too many': ['E_FORMAT', bytes((b) => new Uint8Array([...b, 0]))],
  'a shard twice': ['E_FORMAT', change((m) => m.weightsManifest[0].paths.push('weights.bin'))],
  'no shards': [
    'E_TRUNCATED',
    change((m) => {
      m.weightsManifest[0].paths = [];
    }),
  ],
  'no manifest': ['E_FORMAT', change((m) => delete m.weightsManifest)],
  'manifest is text': [
    'E_FORMAT',
    change((m) => {
      m.weightsManifest = 'weights.bin';
    }),
  ],
  'paths is text': [
    'E_FORMAT',
    change((m) => {
      m.weightsManifest[0].paths = 'weights.bin';
    }),
  ],
  ...Object.fromEntries(
    ['../weights.bin', '/etc/passwd', 'C:\\w.bin', 'file:///etc/passwd', 'a\0b', 'x/../../w', '', 'NUL'].map(
      (path): [string, [ErrorCode, () => Files]] => [
        `shard ${JSON.stringify(path)}`,
        [
          'E_PATH',
          change((m) => {
            m.weightsManifest[0].paths = [path];
          }),
        ],
      ],
    ),
  ),
  'a path is a number': [
    'E_FORMAT',
    change((m) => {
      m.weightsManifest[0].paths = [7];
    }),
  ],

  'weight without a name': ['E_FORMAT', weight('e/bias', (w) => delete w.name)],
  'weight __proto__': ['E_NAME', weight('e/bias', (w) => (w.name = '__proto__'))],
  'weight twice': ['E_FORMAT', weight('e/bias', (w) => (w.name = 'e/kernel'))],
  'weight of no layer': ['E_FORMAT', weight('e/bias', (w) => (w.name = 'z/bias'))],
  'weight of another name': ['E_FORMAT', weight('e/bias', (w) => (w.name = 'e/bias_2'))],
  'statistics missing': ['E_FORMAT', weight('b/moving_mean', (w) => (w.name = 'b/other'))],
  'negative dimension': ['E_SHAPE', weight('e/bias', (w) => (w.shape = [-4]))],
  'fractional dimension': ['E_FORMAT', weight('e/bias', (w) => (w.shape = [0.5]))],
  'huge dimension': ['E_LIMIT', weight('e/bias', (w) => (w.shape = [2 ** 30]))],
  'dimensions that overflow': ['E_LIMIT', weight('e/bias', (w) => (w.shape = [65536, 65536, 65536, 65536]))],
  'dimensions that overflow to 0': ['E_LIMIT', weight('e/bias', (w) => (w.shape = [2 ** 30, 2 ** 30, 0]))],
  'rank 9': ['E_LIMIT', weight('e/bias', (w) => (w.shape = [4, 1, 1, 1, 1, 1, 1, 1, 1]))],
  'shape is text': ['E_FORMAT', weight('e/bias', (w) => (w.shape = '4'))],
  'shape of the same size but not of the layer': ['E_SHAPE', weight('e/kernel', (w) => (w.shape = [4, 48]))],
  'kernel without spatial axes': ['E_SHAPE', weight('a/kernel', (w) => (w.shape = [54]))],
  'strings as weights': ['E_UNSUPPORTED', weight('e/bias', (w) => (w.dtype = 'string'))],
  'complex weights': ['E_UNSUPPORTED', weight('e/bias', (w) => (w.dtype = 'complex64'))],
  'dtype is a number': ['E_FORMAT', weight('e/bias', (w) => (w.dtype = 4))],
  'quantization unknown': ['E_FORMAT', weight('e/bias', (w) => (w.quantization = { dtype: 'int4' }))],
  'quantization without scale': ['E_FORMAT', weight('e/bias', (w) => (w.quantization = { dtype: 'uint8' }))],
  'quantization scale NaN': [
    'E_FORMAT',
    weight('e/bias', (w) => (w.quantization = { dtype: 'uint8', scale: 'NaN', min: 0 })),
  ],
  'quantization scale infinite': [
    'E_FORMAT',
    text(
      soundText.replace(
        '"name":"e/bias"',
        '"quantization":{"dtype":"uint8","scale":1e999,"min":0},"name":"e/bias"',
      ),
    ),
  ],
  'NaN weights': ['E_NONFINITE', bytes((b) => b.fill(0xff, 0, 4))],
  'infinite weights': ['E_NONFINITE', bytes((b) => new Uint8Array([0, 0, 0x80, 0x7f, ...b.subarray(4)]))],

  'a cycle': ['E_GRAPH', layer('a', (l) => (l.inbound_nodes = [[['c', 0, 0, {}]]]))],
  'a layer that waits for itself': ['E_GRAPH', layer('a', (l) => (l.inbound_nodes = [[['a', 0, 0, {}]]]))],
  'a dangling reference': ['E_GRAPH', layer('a', (l) => (l.inbound_nodes = [[['nobody', 0, 0, {}]]]))],
  'a call that is not': ['E_GRAPH', layer('b', (l) => (l.inbound_nodes = [[['a', 7, 0, {}]]]))],
  'a negative call': ['E_GRAPH', layer('b', (l) => (l.inbound_nodes = [[['a', -1, 0, {}]]]))],
  'an output that is not': ['E_GRAPH', layer('b', (l) => (l.inbound_nodes = [[['a', 0, 3, {}]]]))],
  'a layer without inputs': ['E_GRAPH', layer('a', (l) => (l.inbound_nodes = [[]]))],
  'a layer never called': ['E_GRAPH', layer('a', (l) => (l.inbound_nodes = []))],
  'two layers of one name': ['E_GRAPH', layer('c', (l) => (l.name = 'b'))],
  'no outputs': ['E_GRAPH', change((m) => (m.modelTopology.config.output_layers = []))],
  'an input that is no input layer': [
    'E_GRAPH',
    change((m) => (m.modelTopology.config.input_layers = [['a', 0, 0]])),
  ],
  'no layers': ['E_GRAPH', change((m) => (m.modelTopology.config.layers = []))],
  'inbound nodes are text': ['E_FORMAT', layer('a', (l) => (l.inbound_nodes = 'x'))],
  'a reference is a number': ['E_FORMAT', layer('a', (l) => (l.inbound_nodes = [[5]]))],
  'layers that unfold without end': ['E_LIMIT', unfolding],
  'copies without end': ['E_LIMIT', bomb],

  'unknown layer': ['E_UNSUPPORTED', layer('a', (l) => (l.class_name = 'Conv9D'))],
  'a Lambda': ['E_UNSUPPORTED', layer('a', (l) => (l.class_name = 'Lambda'))],
  'a registered class': ['E_UNSUPPORTED', layer('a', (l) => (l.class_name = 'pkg>Layer'))],
  'class toString': ['E_UNSUPPORTED', layer('a', (l) => (l.class_name = 'toString'))],
  'activation toString': ['E_UNSUPPORTED', layer('a', (l) => (l.config.activation = 'toString'))],
  'a model class of their own': ['E_UNSUPPORTED', change((m) => (m.modelTopology.class_name = 'MyModel'))],
  'unknown padding': ['E_UNSUPPORTED', layer('a', (l) => (l.config.padding = 'around'))],
  'class name is missing': ['E_FORMAT', layer('a', (l) => delete l.class_name)],
  'config is a list': ['E_FORMAT', layer('a', (l) => (l.config = []))],
  'config is missing': ['E_FORMAT', layer('a', (l) => delete l.config)],

  'units that the weights have not': ['E_SHAPE', layer('e', (l) => (l.config.units = 5))],
  'filters that the weights have not': ['E_SHAPE', layer('a', (l) => (l.config.filters = 2))],
  'kernel size that the weights have not': ['E_SHAPE', layer('a', (l) => (l.config.kernel_size = [3, 2]))],
  'stride 0': ['E_SHAPE', layer('a', (l) => (l.config.strides = [0, 0]))],
  'negative stride': ['E_SHAPE', layer('a', (l) => (l.config.strides = [-1, 1]))],
  'dilation 0': ['E_SHAPE', layer('a', (l) => (l.config.dilation_rate = [0, 1]))],
  'too many strides': ['E_FORMAT', layer('a', (l) => (l.config.strides = [1, 1, 1]))],
  'groups 0': ['E_SHAPE', layer('a', (l) => (l.config.groups = 0))],
  'strides are text': ['E_FORMAT', layer('a', (l) => (l.config.strides = 'two'))],
  'axis out of range': ['E_SHAPE', layer('b', (l) => (l.config.axis = 9))],
  'infinite epsilon': ['E_FORMAT', text(soundText.replace('"epsilon":0.001', '"epsilon":1e999'))],
  'input shape of text': ['E_FORMAT', layer('x', (l) => (l.config.batch_input_shape = [null, 'a']))],
  'input shape open': ['E_SHAPE', layer('x', (l) => (l.config.batch_input_shape = [null, null, 6, 2]))],
  'input shape empty': ['E_SHAPE', layer('x', (l) => (l.config.batch_input_shape = [null, 0, 6, 2]))],
  'input shape huge': ['E_LIMIT', layer('x', (l) => (l.config.batch_input_shape = [null, 1e6, 1e6, 2]))],
  'input of strings': ['E_UNSUPPORTED', layer('x', (l) => (l.config.dtype = 'string'))],
  'input smaller than the kernel': [
    'E_SHAPE',
    layer('x', (l) => (l.config.batch_input_shape = [null, 2, 2, 2])),
  ],
  'input of another rank': ['E_SHAPE', layer('x', (l) => (l.config.batch_input_shape = [null, 72]))],

  ...Object.fromEntries(
    [
      '*/ evil()',
      '`\u0024{evil()}`',
      "');evil()//",
      '</script>',
      'a\nb',
      '\u001b[2J',
      '\u202eevil',
      'a\u2028b',
      '',
    ].map((name): [string, [ErrorCode, () => Files]] => [
      `layer named ${JSON.stringify(name)}`,
      [
        'E_NAME',
        change((m) => {
          m.modelTopology.config.layers[0].name = name;
          m.modelTopology.config.layers[0].config.name = name;
        }),
      ],
    ]),
  ),
  'an endless name': ['E_NAME', layer('a', (l) => (l.name = 'x'.repeat(1e6)))],
  'a model named to break out': ['E_NAME', change((m) => (m.modelTopology.config.name = '*/ evil() /*'))],
};

async function outcome(source: Files | string): Promise<string> {
  try {
    await readModel(source);
    return 'none';
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.code;
  }
}

hostile('tfjs layers', { ...corpus, 'the sound one': ['none', sound] });

describe('on disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'espalier-hostile-'));
  afterAll(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'weights.bin'), sound['weights.bin']);
  const folder = (name: string, place: (shard: string) => void) => {
    const dir = join(root, name);
    mkdirSync(dir);
    writeFileSync(join(dir, 'model.json'), sound['model.json']);
    place(join(dir, 'weights.bin'));
    return dir;
  };

  test.each([
    ['plain', 'none', (p: string) => writeFileSync(p, sound['weights.bin'])],
    ['symlink out', 'E_PATH', (p: string) => symlinkSync('../weights.bin', p)],
    ['hard link', 'E_PATH', (p: string) => linkSync(join(root, 'weights.bin'), p)],
    ['folder', 'E_PATH', (p: string) => mkdirSync(p)],
    ['device', 'E_PATH', (p: string) => symlinkSync('/dev/zero', p)],
    ['nothing', 'E_TRUNCATED', () => {}],
  ])('shard is a %s: %s', async (name, code, place) => {
    expect(await outcome(folder(name, place))).toBe(code);
  });
});
