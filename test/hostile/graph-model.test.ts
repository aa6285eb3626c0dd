/** Malformed GraphModels: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { describe, expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import { floats, graphFiles, ints } from '../import/graph-models.ts';
import { edited, type Files } from '../import/models.ts';

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

const corpus: Record<string, [ErrorCode, Files]> = {
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

const within = async (files: Files, ms = 5000) => {
  const start = performance.now();
  const result = await readModel(files).then(
    () => undefined,
    (e) => e,
  );
  expect(performance.now() - start).toBeLessThan(ms);
  return result;
};

describe('corpus', () => {
  test.each(Object.entries(corpus))('%s', async (_name, [code, files]) => {
    const error = await within(files);
    expect(error).toBeInstanceOf(CompileError);
    expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}`));
  });

  test('the sound one is read', async () => expect(await within(sound)).toBeUndefined());
});

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
    const error = await within(files);
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
