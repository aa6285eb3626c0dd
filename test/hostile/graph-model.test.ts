/** Malformed GraphModels: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { floats, graphFiles, ints } from '../import/graph-models.ts';
import { edited, type Files } from '../import/models.ts';
import { hostile } from './corpus.ts';

const sound = graphFiles({
  inputs: { x: { shape: [-1, 6, 6, 2] } },
  weights: { w: floats(1, 3, 3, 2, 4), s: ints(-1, 144), d: floats(2, 144, 3) },
  nodes: [
    [
      'c',
      'Conv2D',
      ['x', 'w'],
      { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' },
    ],
    ['f', 'Reshape', ['c', 's']],
    ['y', 'MatMul', ['f', 'd']],
  ],
});

// biome-ignore lint/suspicious/noExplicitAny: hostile files have any shape
type Any = any;
const change = (f: (m: Any) => void) => edited(sound, f);
const node = (name: string, f: (n: Any) => void) =>
  change((m) => f(m.modelTopology.node.find((n: Any) => n.name === name)));
const word = (s: string) => ({ s: Buffer.from(s).toString('base64') });

const weight = (name: string, f: (w: Any) => void) =>
  change((m) => f(m.weightsManifest[0].weights.find((w: Any) => w.name === name)));
const shard = (path: Any) => change((m) => (m.weightsManifest[0].paths = [path]));
const text = (s: string): Files => ({ ...sound, 'model.json': new TextEncoder().encode(s) });
const soundText = new TextDecoder().decode(sound['model.json']);

/** The sound model with more nodes behind its input, the last of them its output, and constants for them. */
const behind = (nodes: Any[], constants: Record<string, readonly number[] | readonly number[][]>) => {
  const entries = Object.entries(constants);
  const list = (v: Any): number[] => v.flat();
  const shape = (v: Any) => (Array.isArray(v[0]) ? [v.length, v[0].length] : [v.length]);
  const files = change((m) => {
    for (const [name, v] of entries) {
      m.modelTopology.node.push({ name, op: 'Const', attr: { dtype: { type: 'DT_INT32' } } });
      m.weightsManifest[0].weights.push({ name, shape: shape(v), dtype: 'int32' });
    }
    m.modelTopology.node.push(...nodes);
    m.signature.outputs.out0.name = nodes.at(-1).name;
  });
  const extra = Int32Array.from(entries.flatMap(([, v]) => list(v)));
  const all = new Uint8Array([...sound['weights.bin'], ...new Uint8Array(extra.buffer)]);
  return { ...files, 'weights.bin': all };
};
const filled = (shape: number[]) =>
  behind([{ name: 'z', op: 'Fill', input: ['dims', 'one'], attr: {} }], { dims: shape, one: [1] });
const tiled = (by: number, times = 1) =>
  behind(
    Array.from({ length: times }, (_, i) => ({
      name: `t${i}`,
      op: 'Tile',
      input: [i === 0 ? 'x' : `t${i - 1}`, 'by'],
      attr: {},
    })),
    { by: [by, by, 1, 1] },
  );
const resized = (size: number) =>
  behind([{ name: 'z', op: 'ResizeBilinear', input: ['x', 'size'], attr: {} }], { size: [size, size] });
const padded = (by: number) =>
  behind([{ name: 'z', op: 'Pad', input: ['x', 'by'], attr: {} }], {
    by: [
      [0, 0],
      [by, by],
      [0, 0],
      [0, 0],
    ],
  });
const sliced = (begin: number[], size: number[]) =>
  behind([{ name: 'z', op: 'Slice', input: ['x', 'begin', 'size'], attr: {} }], { begin, size });
const gathered = (index: number) =>
  behind([{ name: 'z', op: 'GatherV2', input: ['x', 'at', 'axis'], attr: {} }], { at: [index], axis: [1] });

/** As many nodes as there may be, and one: each adds the one before to itself. */
const chain = (length: number, count = 2) =>
  change((m) => {
    const nodes = Array.from({ length }, (_, i) => ({
      name: `n${i}`,
      op: 'AddN',
      input: Array(count).fill(i === 0 ? 'x' : `n${i - 1}`),
      attr: { T: { type: 'DT_FLOAT' } },
    }));
    m.modelTopology.node.push(...nodes);
    m.signature.outputs.out0.name = `n${length - 1}`;
  });

const corpus: Record<string, [ErrorCode, Files]> = {
  nothing: ['E_FORMAT', text('')],
  'half of the JSON': ['E_FORMAT', text(soundText.slice(0, soundText.length / 2))],
  'deep nesting': ['E_LIMIT', text('{"modelTopology":'.repeat(200_000))],
  'key __proto__': ['E_NAME', text(soundText.replace('"strides"', '"__proto__"'))],
  'key constructor': ['E_NAME', text(soundText.replace('"attr"', '"constructor"'))],
  'a million nodes': ['E_LIMIT', chain(50_001, 1)],
  'no shard': ['E_TRUNCATED', { 'model.json': sound['model.json'] }],
  'an empty shard': ['E_TRUNCATED', { ...sound, 'weights.bin': new Uint8Array(0) }],
  'a byte too many': ['E_FORMAT', { ...sound, 'weights.bin': new Uint8Array([...sound['weights.bin'], 0]) }],
  'a shard twice': ['E_FORMAT', change((m) => m.weightsManifest[0].paths.push('weights.bin'))],
  'an absolute shard': ['E_PATH', shard('/etc/passwd')],
  'a shard that is a URL': ['E_PATH', shard('file:///etc/passwd')],
  'a shard with backslashes': ['E_PATH', shard('..\\weights.bin')],
  'a shard with a zero byte': ['E_PATH', shard('weights.bin\0')],
  'a shard that is a device': ['E_PATH', shard('NUL')],
  'a shard that goes up in the middle': ['E_PATH', shard('a/../../weights.bin')],
  'a shard that is a number': ['E_FORMAT', shard(7)],
  'a manifest that is text': ['E_FORMAT', change((m) => (m.weightsManifest = 'weights.bin'))],
  'a weight twice': ['E_FORMAT', weight('d', (w) => (w.name = 'w'))],
  'a weight __proto__': ['E_NAME', weight('d', (w) => (w.name = '__proto__'))],
  'a negative dimension': ['E_SHAPE', weight('d', (w) => (w.shape = [-144, 3]))],
  'half a dimension': ['E_FORMAT', weight('d', (w) => (w.shape = [0.5, 3]))],
  'dimensions that overflow': ['E_LIMIT', weight('d', (w) => (w.shape = [65536, 65536, 65536, 65536]))],
  'dimensions that overflow to 0': ['E_LIMIT', weight('d', (w) => (w.shape = [2 ** 30, 2 ** 30, 0]))],
  'too many dimensions': ['E_LIMIT', weight('d', (w) => (w.shape = [144, 3, ...Array(40).fill(1)]))],
  'weights that are text': ['E_UNSUPPORTED', weight('d', (w) => (w.dtype = 'string'))],
  'a scale of NaN': [
    'E_FORMAT',
    weight('d', (w) => (w.quantization = { dtype: 'uint8', scale: 'NaN', min: 0 })),
  ],
  'NaN among the weights': [
    'E_NONFINITE',
    { ...sound, 'weights.bin': new Uint8Array(sound['weights.bin'].length).fill(255) },
  ],
  'a reshape to 2^31 elements': [
    'E_LIMIT',
    behind([{ name: 'z', op: 'Reshape', input: ['x', 'dims'], attr: {} }], { dims: [2 ** 31 - 1, 2] }),
  ],
  'a fill of 2^40 elements': ['E_LIMIT', filled([2 ** 20, 2 ** 20])],
  'a fill of a negative size': ['E_SHAPE', filled([-3, 4])],
  'a tile of 2^40': ['E_LIMIT', tiled(2 ** 20)],
  'tiles on tiles': ['E_LIMIT', tiled(1000, 6)],
  'a resize to 2^30': ['E_LIMIT', resized(2 ** 30)],
  'a pad of 2^30': ['E_LIMIT', padded(2 ** 30)],
  'a pad below zero': ['E_FORMAT', padded(-3)],
  'a slice outside': ['E_SHAPE', sliced([0, 5, 0, 0], [1, 4, 4, 2])],
  'a slice of a negative size': ['E_SHAPE', sliced([0, 0, 0, 0], [1, -4, 4, 2])],
  'a constant gather outside': ['E_FORMAT', gathered(99)],
  'an endless name': ['E_NAME', node('y', (n) => (n.name = 'y'.repeat(1e6)))],
  'a name that steers terminals': ['E_NAME', node('y', (n) => (n.name = '\u001b[2J'))],
  'a name that turns text around': ['E_NAME', node('y', (n) => (n.name = '\u202ey'))],
  'a port that breaks out': [
    'E_NAME',
    change((m) => (m.signature.outputs = { '*/ evil() /*': m.signature.outputs.out0 })),
  ],
  'a cycle': ['E_GRAPH', node('c', (n) => (n.input = ['y', 'w']))],
  'a node that waits for itself': ['E_GRAPH', node('f', (n) => (n.input = ['f', 's']))],
  'a dangling edge': ['E_GRAPH', node('f', (n) => (n.input = ['nobody', 's']))],
  'an output that isn’t made': ['E_GRAPH', node('f', (n) => (n.input = ['c:7', 's']))],
  'two nodes of one name': ['E_GRAPH', node('f', (n) => (n.name = 'c'))],
  'no outputs': [
    'E_GRAPH',
    change((m) => {
      m.signature = {};
      m.modelTopology.node = [];
    }),
  ],
  'an output of no node': ['E_GRAPH', change((m) => (m.signature.outputs.out0.name = 'nobody'))],
  'too few inputs': ['E_GRAPH', node('y', (n) => (n.input = ['f']))],
  'a name that reaches a prototype': ['E_NAME', node('y', (n) => (n.name = '__proto__'))],
  'a name with a script': ['E_NAME', node('y', (n) => (n.op = '</script>'))],
  'an edge with a strange index': ['E_FORMAT', node('y', (n) => (n.input = ['f:-1', 'd']))],
  'nodes that are no list': ['E_FORMAT', change((m) => (m.modelTopology.node = { a: 1 }))],
  'an attribute of another type': ['E_FORMAT', node('c', (n) => (n.attr.strides = word('four')))],
  'strides of zero': ['E_SHAPE', node('c', (n) => (n.attr.strides = { list: { i: ['1', '0', '0', '1'] } }))],
  'too few strides': ['E_FORMAT', node('c', (n) => (n.attr.strides = { list: { i: ['1'] } }))],
  'a padding nobody knows': ['E_UNSUPPORTED', node('c', (n) => (n.attr.padding = word('MOSTLY')))],
  'control flow': ['E_UNSUPPORTED', node('f', (n) => (n.op = 'Switch'))],
  'weights of another shape': [
    'E_SHAPE',
    change((m) => (m.weightsManifest[0].weights[0].shape = [3, 3, 4, 2])),
  ],
  'a weight that is missing': ['E_FORMAT', change((m) => (m.weightsManifest[0].weights[0].name = 'v'))],
  'a shape that doesn’t multiply out': ['E_SHAPE', node('y', (n) => (n.attr.transpose_b = { b: true }))],
  'an input of strings': ['E_UNSUPPORTED', node('x', (n) => (n.attr.dtype = { type: 'DT_STRING' }))],
  'an input of no shape': [
    'E_SHAPE',
    change((m) => {
      m.signature.inputs.x.tensorShape = { unknownRank: true };
      m.modelTopology.node[0].attr = { dtype: { type: 'DT_FLOAT' } };
    }),
  ],
  'an input that leaves more than the batch open': [
    'E_SHAPE',
    change((m) => (m.signature.inputs.x.tensorShape.dim[1].size = '-1')),
  ],
  'an input of size zero': ['E_SHAPE', change((m) => (m.signature.inputs.x.tensorShape.dim[1].size = '0'))],
  'an enormous input': [
    'E_LIMIT',
    change((m) => (m.signature.inputs.x.tensorShape.dim[1].size = '2000000000')),
  ],
  'truncated weights': ['E_TRUNCATED', { ...sound, 'weights.bin': sound['weights.bin'].slice(0, 100) }],
  'weights outside the folder': ['E_PATH', change((m) => (m.weightsManifest[0].paths = ['../weights.bin']))],
};

hostile('graph model', { ...corpus, 'the sound one': ['none', sound] });

async function outcome(files: Files): Promise<unknown> {
  return readModel(files).then(
    () => undefined,
    (e) => e,
  );
}

test('random damage to the topology', async () => {
  const rng = random(11);
  const wild = [null, -1, 'x', [], {}, 2 ** 40, true, { list: {} }, { i: 'x' }];
  for (let i = 0; i < 300; i++) {
    const files = change((m) => {
      let at: Any = m.modelTopology;
      for (let depth = 0; depth < 8; depth++) {
        const keys = Object.keys(at);
        if (keys.length === 0) return;
        const key = keys[rng.int(keys.length)];
        if (typeof at[key] !== 'object' || at[key] === null || (depth > 2 && rng.int(3) === 0)) {
          at[key] = wild[rng.int(wild.length)];
          return;
        }
        at = at[key];
      }
    });
    const error = (await outcome(files)) as Error | undefined;
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
