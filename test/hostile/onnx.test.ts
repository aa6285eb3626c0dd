/**
 * Malformed and hostile ONNX models: each ends in its error code, soon, and nothing but a `CompileError` comes out. The models
 * are built here from one that is sound.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { FunctionProtoSchema, type ModelProto, SparseTensorProtoSchema, type TensorProto } from 'onnx-buf';
import { afterAll, describe, expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { ModelFiles, readModel } from '../../compiler/import/index.ts';
import {
  big,
  external,
  type Files,
  files,
  floats,
  graph,
  ints,
  model,
  node,
  port,
} from '../import/onnx-models.ts';
import { hostile } from './corpus.ts';

/** Conv, pool, flatten, dense: y [1, 2]. */
const soundParts = () => ({
  nodes: [
    node('Conv', ['x', 'w'], ['c'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    node('MaxPool', ['c'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
    node('Reshape', ['p', 'shape'], ['f']),
    node('Gemm', ['f', 'v'], ['y'], { transB: 1 }),
  ],
  inputs: [port('x', [1, 1, 4, 4])],
  initializers: [
    floats('w', [2, 1, 3, 3], Array(18).fill(0.5)),
    ints('shape', [0, -1]),
    floats('v', [2, 8], Array(16).fill(1)),
  ],
});
const sound = () => model(graph(soundParts()));
const change = (f: (m: ModelProto, of: (op: string) => ReturnType<typeof node>) => void) => (): Files => {
  const m = sound();
  f(m, (op) => m.graph!.node.find((n) => n.opType === op)!);
  return files(m);
};
const attribute = (op: string, name: string, f: (list: bigint[]) => bigint[]) =>
  change((_, of) => {
    const a = of(op).attribute.find((a) => a.name === name)!;
    a.ints = f(a.ints);
  });
const weight = (name: string, f: (t: TensorProto) => void) =>
  change((m) => f(m.graph!.initializer.find((t) => t.name === name)!));
const bytes = (f: (b: Uint8Array) => Uint8Array) => (): Files => ({
  'model.onnx': f(files(sound())['model.onnx']),
});
const append = (n: ReturnType<typeof node>, ...initializers: TensorProto[]) =>
  change((m) => {
    m.graph!.node.push(n);
    m.graph!.initializer.push(...initializers);
    m.graph!.output[0].name = n.output[0];
  });

/** If inside If inside If …, on a constant condition. */
function nested(depth: number): Files {
  let inner = graph({ nodes: [node('Relu', ['x'], ['r'])], outputs: ['r'] });
  for (let i = 0; i < depth; i++) {
    const branches = { then_branch: { g: inner }, else_branch: { g: graph({ nodes: [], outputs: ['x'] }) } };
    inner = graph({ nodes: [node('If', ['c'], ['r'], branches)], outputs: ['r'] });
  }
  const condition = node('Constant', [], ['c'], {
    value: { t: { ...ints('', [1]), dataType: 9, int64Data: [], int32Data: [1] } },
  });
  return files(model(graph({ nodes: [condition, ...inner.node], inputs: [port('x', [1])], outputs: ['r'] })));
}

const cases: readonly (readonly [name: string, code: ErrorCode, make: () => Files])[] = [
  ['nothing at all', 'E_FORMAT', bytes(() => new Uint8Array())],
  ['other bytes', 'E_FORMAT', bytes(() => new TextEncoder().encode('{"format":"layers-model"}'))],
  ['cut in the middle', 'E_TRUNCATED', bytes((b) => b.slice(0, b.length >> 1))],
  ['the last byte missing', 'E_TRUNCATED', bytes((b) => b.slice(0, -1))],
  ['groups that never end', 'E_FORMAT', bytes(() => new Uint8Array(10_000).fill(0x0b))],
  ['no opset that is known', 'E_UNSUPPORTED', change((m) => void (m.opsetImport[0].version = 99n))],
  ['two opsets', 'E_FORMAT', change((m) => void m.opsetImport.push(m.opsetImport[0]))],
  ['no outputs', 'E_GRAPH', change((m) => void (m.graph!.output = []))],
  ['a cycle', 'E_GRAPH', change((_, of) => void (of('Conv').input[0] = 'f'))],
  ['a node that feeds itself', 'E_GRAPH', change((_, of) => void (of('MaxPool').input[0] = 'p'))],
  ['a value that nothing makes', 'E_GRAPH', change((_, of) => void (of('MaxPool').input[0] = 'q'))],
  ['a value made twice', 'E_GRAPH', change((_, of) => void (of('MaxPool').output[0] = 'c'))],
  ['a value with the name of a weight', 'E_GRAPH', change((_, of) => void (of('MaxPool').output[0] = 'w'))],
  ['a missing input', 'E_GRAPH', change((_, of) => void of('Conv').input.splice(1))],
  [
    'a weight named like a prototype',
    'E_NAME',
    change((m, of) => {
      m.graph!.initializer[0].name = '__proto__';
      of('Conv').input[1] = '__proto__';
    }),
  ],
  ['a node that ends a script', 'E_NAME', change((_, of) => void (of('Conv').name = '</script><script>'))],
  ['an operator with a line break', 'E_NAME', change((_, of) => void (of('Conv').opType = 'Conv\nimport'))],
  [
    'an output that steers terminals',
    'E_NAME',
    change((_, of) => void (of('MaxPool').output[0] = '\u001b[2J')),
  ],
  ['a negative dimension', 'E_SHAPE', weight('w', (t) => void (t.dims[0] = -2n))],
  ['dimensions that overflow', 'E_LIMIT', weight('w', (t) => void (t.dims = big([2 ** 31, 2 ** 31, 3, 3])))],
  ['too many dimensions', 'E_LIMIT', weight('w', (t) => void (t.dims = Array(40).fill(1n)))],
  [
    'an input of 2^40 elements',
    'E_LIMIT',
    change((m) => void (m.graph!.input[0] = port('x', [1, 1, 2 ** 20, 2 ** 20]))),
  ],
  ['raw data too short', 'E_TRUNCATED', weight('w', (t) => void (t.rawData = t.rawData.slice(4)))],
  ['raw data too long', 'E_FORMAT', weight('w', (t) => void (t.rawData = new Uint8Array(100)))],
  ['data twice', 'E_FORMAT', weight('w', (t) => void (t.floatData = Array(18).fill(1)))],
  [
    'data of another type',
    'E_FORMAT',
    weight('w', (t) => {
      t.rawData = new Uint8Array();
      t.doubleData = Array(18).fill(1);
    }),
  ],
  ['an element type that does not exist', 'E_UNSUPPORTED', weight('w', (t) => void (t.dataType = 77))],
  ['weights of strings', 'E_UNSUPPORTED', weight('w', (t) => void (t.dataType = 8))],
  [
    'weights that are not finite',
    'E_NONFINITE',
    weight('w', (t) => void (t.rawData = new Uint8Array(72).fill(255))),
  ],
  ['an int64 out of range', 'E_LIMIT', weight('shape', (t) => void (t.int64Data = [0n, 2n ** 40n]))],
  ['no strides', 'E_SHAPE', attribute('MaxPool', 'strides', () => [0n, 0n])],
  ['a kernel of 2^31', 'E_FORMAT', attribute('Conv', 'kernel_shape', () => [2n ** 31n - 1n, 3n])],
  ['pads of 2^30', 'E_LIMIT', attribute('Conv', 'pads', () => Array(4).fill(2n ** 30n))],
  ['too few pads', 'E_FORMAT', attribute('Conv', 'pads', (l) => l.slice(1))],
  ['groups of 0', 'E_SHAPE', append(node('Conv', ['x', 'w'], ['z'], { group: 0 }))],
  ['an attribute of another type', 'E_FORMAT', append(node('Conv', ['x', 'w'], ['z'], { group: 'two' }))],
  [
    'an attribute twice',
    'E_FORMAT',
    change((_, of) => void of('Conv').attribute.push(of('Conv').attribute[0])),
  ],
  ['an axis outside', 'E_SHAPE', append(node('Softmax', ['y'], ['z'], { axis: 7 }))],
  ['a permutation that is none', 'E_SHAPE', append(node('Transpose', ['y'], ['z'], { perm: [0, 0] }))],
  ['a reshape that does not fit', 'E_SHAPE', append(node('Reshape', ['y', 's'], ['z']), ints('s', [3, 7]))],
  [
    'a step of 0',
    'E_FORMAT',
    append(node('Slice', ['y', 'a', 'b', 'a', 'a'], ['z']), ints('a', [0]), ints('b', [1])),
  ],
  ['an index outside', 'E_FORMAT', append(node('Gather', ['v', 'i'], ['z'], { axis: 0 }), ints('i', [5]))],
  [
    'a range without end',
    'E_FORMAT',
    append(node('Range', ['a', 'b', 'a'], ['z']), ints('a', [0], []), ints('b', [1], [])),
  ],
  [
    'a constant of 2^40 elements',
    'E_LIMIT',
    append(node('ConstantOfShape', ['s'], ['z']), ints('s', [2 ** 20, 2 ** 20])),
  ],
  ['a tile of 2^40', 'E_LIMIT', append(node('Tile', ['y', 'r'], ['z']), ints('r', [2 ** 20, 2 ** 20]))],
  [
    'a resize by 10^9',
    'E_LIMIT',
    append(node('Resize', ['x', '', 's'], ['z']), floats('s', [4], [1, 1, 1e9, 1])),
  ],
  [
    'a sparse index outside',
    'E_SHAPE',
    change((m) => {
      m.graph!.initializer = m.graph!.initializer.filter((t) => t.name !== 'w');
      const parts = { dims: big([2, 1, 3, 3]), values: floats('w', [1], [1]), indices: ints('', [18]) };
      m.graph!.sparseInitializer = [create(SparseTensorProtoSchema, parts)];
    }),
  ],
  [
    'a function of its own',
    'E_UNSUPPORTED',
    change((m, of) => {
      m.functions = [create(FunctionProtoSchema, { name: 'Mine', domain: 'custom' })];
      Object.assign(of('MaxPool'), { opType: 'Mine', domain: 'custom' });
    }),
  ],
  [
    'an operator of another domain',
    'E_UNSUPPORTED',
    change((_, of) => void (of('Conv').domain = 'com.microsoft')),
  ],
  ['an operator without a name', 'E_NAME', change((_, of) => void (of('Conv').opType = ''))],
  ['a constant without a value', 'E_FORMAT', append(node('Constant', [], ['z']))],
  ['a pool over nothing', 'E_SHAPE', attribute('MaxPool', 'kernel_shape', () => [0n, 0n])],
  ['dilations of 0', 'E_SHAPE', append(node('Conv', ['x', 'w'], ['z'], { dilations: [0, 0] }))],
  [
    'an expand to 2^40',
    'E_LIMIT',
    append(node('Expand', ['v', 's'], ['z']), ints('s', [2 ** 20, 2 ** 20, 2, 8])),
  ],
  [
    'a one-hot of 2^30',
    'E_LIMIT',
    append(
      node('OneHot', ['i', 'd', 'v2'], ['z']),
      ints('i', Array(64).fill(0)),
      ints('d', [2 ** 30], []),
      floats('v2', [2], [0, 1]),
    ),
  ],
  ['more largest than there are', 'E_SHAPE', append(node('TopK', ['y', 'k'], ['z', 'zi']), ints('k', [9]))],
  [
    'a split that does not add up',
    'E_FORMAT',
    append(node('Split', ['y', 's'], ['z', 'z2'], { axis: 1 }), ints('s', [1, 4])),
  ],
  ['an equation without sense', 'E_FORMAT', append(node('Einsum', ['v'], ['z'], { equation: 'i[->j' }))],
  ['an LSTM without weights', 'E_FORMAT', append(node('LSTM', ['x'], ['z']))],
  [
    'a branch that is missing',
    'E_FORMAT',
    append(node('If', ['yes'], ['z']), {
      ...ints('yes', [1], []),
      dataType: 9,
      int64Data: [],
      int32Data: [1],
    }),
  ],
  [
    'a condition of many elements',
    'E_FORMAT',
    append(node('If', ['yes'], ['z']), {
      ...ints('yes', [2]),
      dataType: 9,
      int64Data: [],
      int32Data: [1, 0],
    }),
  ],
  ['an input of size 0', 'E_SHAPE', change((m) => void (m.graph!.input[0] = port('x', [1, 1, 0, 4])))],
  [
    'weights in a file outside',
    'E_PATH',
    change((m) => {
      const t = external('w', 18, { location: '../secret.bin' });
      t.dims = big([2, 1, 3, 3]);
      m.graph!.initializer[0] = t;
    }),
  ],
  ['subgraphs 300 deep', 'E_FORMAT', () => nested(300)],
  [
    '100,001 nodes',
    'E_LIMIT',
    () => {
      const nodes = Array(100_001).fill(node('Neg', ['x'], ['y']));
      return files(model(graph({ nodes, inputs: [port('x', [1])], outputs: ['y'] })));
    },
  ],
];

async function codeOf(source: Parameters<typeof readModel>[0]): Promise<string> {
  try {
    await readModel(source);
    return 'none';
  } catch (error) {
    if (error instanceof CompileError) return error.code;
    throw error;
  }
}

hostile('onnx', {
  ...Object.fromEntries(cases.map(([name, code, make]) => [name, [code, make]])),
  'the sound one': ['none', files(sound())],
  'subgraphs 20 deep': ['none', nested(20)],
});

describe('external data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-onnx-'));
  const secret = join(folder, 'secret.bin');
  const inner = join(folder, 'model');
  mkdirSync(inner);
  writeFileSync(secret, new Uint8Array(72));
  symlinkSync(secret, join(inner, 'link.bin'));
  linkSync(secret, join(inner, 'hard.bin'));
  writeFileSync(join(inner, 'sound.bin'), new Uint8Array(72));
  afterAll(() => rmSync(folder, { recursive: true }));

  const outside = (entries: Record<string, string>) => {
    const m = sound();
    const t = external('w', 18, entries);
    t.dims = big([2, 1, 3, 3]);
    m.graph!.initializer[0] = t;
    writeFileSync(join(inner, 'model.onnx'), files(m)['model.onnx']);
    return codeOf(join(inner, 'model.onnx'));
  };

  test.each([
    ['sound.bin', 'none'],
    ['../secret.bin', 'E_PATH'],
    ['a/../../secret.bin', 'E_PATH'],
    [secret, 'E_PATH'],
    ['link.bin', 'E_PATH'],
    ['hard.bin', 'E_PATH'],
    ['file:///etc/passwd', 'E_PATH'],
    ['..\\secret.bin', 'E_PATH'],
    ['sound.bin\0', 'E_PATH'],
    ['', 'E_FORMAT'],
    ['nowhere.bin', 'E_TRUNCATED'],
  ])('location %j: %s', async (location, code) => {
    expect(await outside({ location })).toBe(code);
  });

  test.each([
    [{ offset: '1' }, 'E_TRUNCATED'],
    [{ offset: '-4' }, 'E_FORMAT'],
    [{ offset: '0x0' }, 'E_FORMAT'],
    [{ offset: '999999999999' }, 'E_TRUNCATED'],
    [{ length: '4' }, 'E_TRUNCATED'],
    [{ length: '76' }, 'E_FORMAT'],
  ])('%j: %s', async (entries, code) => {
    expect(await outside({ location: 'sound.bin', ...entries })).toBe(code);
  });
});

test('damaged bytes end in success or a CompileError', async () => {
  const whole = files(sound())['model.onnx'];
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const b = whole.slice();
      for (const [at, value] of changes) b[at] = value;
      await codeOf(ModelFiles.fromMemory({ 'model.onnx': b }));
    }),
    { numRuns: 2000, seed: 7 },
  );
}, 30_000);
