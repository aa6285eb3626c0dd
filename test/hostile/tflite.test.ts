/** Malformed TFLite files: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { expect, test } from 'vitest';
import { CompileError, type ErrorCode } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { random } from '../../compiler/ir/random.ts';
import {
  bytesOf,
  type Level,
  type LiteSpec,
  type LiteTensorSpec,
  liteFile,
} from '../import/tflite-models.ts';
import { hostile } from './corpus.ts';

const w: LiteTensorSpec = { shape: [3, 4], data: bytesOf(Float32Array.from({ length: 12 }, (_, i) => i)) };
const base: LiteSpec = {
  tensors: [{ shape: [1, 4], name: 'x' }, w, { shape: [1, 3], name: 'y' }],
  operators: [{ op: 'FULLY_CONNECTED', inputs: [0, 1, -1], outputs: [2] }],
  inputs: [0],
  outputs: [2],
};
const sound = liteFile(base);
const tensor = (i: number, t: Partial<LiteTensorSpec>): Uint8Array =>
  liteFile({ ...base, tensors: base.tensors.map((old, k) => (k === i ? { ...old, ...t } : old)) });
const operators = (...list: LiteSpec['operators']) => liteFile({ ...base, operators: list });

/** Weights [3, 4] whose last dimension is listed. */
const sparse = (l: Partial<Level>, values = 2, more: Partial<NonNullable<LiteTensorSpec['sparsity']>> = {}) =>
  tensor(1, {
    data: bytesOf(new Float32Array(values)),
    sparsity: {
      order: [0, 1],
      levels: [
        { format: 'dense', size: 3 },
        { format: 'csr', segments: [0, 1, 1, 2], indices: [1, 2], ...l },
      ],
      ...more,
    },
  });

const patched = (at: number, value: number) => {
  const b = sound.slice();
  new DataView(b.buffer).setUint32(at, value, true);
  return b;
};

/** `op` on x [1, 4, 4, 2] and constants; the file says nothing of the shape of its result. */
const one = (
  op: string,
  constants: readonly LiteTensorSpec[] = [],
  options?: LiteSpec['operators'][number]['options'],
  more: Partial<LiteSpec['operators'][number]> = {},
) =>
  liteFile({
    tensors: [{ shape: [1, 4, 4, 2], name: 'x' }, ...constants, { shape: [], name: 'y' }],
    operators: [
      {
        op,
        inputs: [0, ...constants.map((_, i) => i + 1)],
        outputs: [constants.length + 1],
        options,
        ...more,
      },
    ],
    inputs: [0],
    outputs: [constants.length + 1],
  });
const list = (...values: number[]): LiteTensorSpec => ({
  shape: [values.length],
  type: 'int32',
  data: bytesOf(Int32Array.from(values)),
});
const number = (value: number): LiteTensorSpec => ({ ...list(value), shape: [] });
const pads = (by: number): LiteTensorSpec => ({ ...list(0, 0, by, by, 0, 0, 0, 0), shape: [4, 2] });
const kernel: LiteTensorSpec = { shape: [3, 3, 3, 2], data: bytesOf(new Float32Array(54)) };
const conv = (stride: number, dilation: number, w = kernel) =>
  one(
    'CONV_2D',
    [w],
    [
      [1, stride, 'int'],
      [2, stride, 'int'],
      [4, dilation, 'int'],
      [5, dilation, 'int'],
    ],
  );
const pool = (size: number, stride: number) =>
  one(
    'MAX_POOL_2D',
    [],
    [
      [1, stride, 'int'],
      [2, stride, 'int'],
      [3, size, 'int'],
      [4, size, 'int'],
    ],
  );
const quantized = (t: Partial<LiteTensorSpec>) =>
  tensor(1, { type: 'int8', data: new Uint8Array(12), scale: [1], zero: [0], ...t });

const edit = (change: (bytes: Uint8Array, view: DataView) => void) => {
  const b = sound.slice();
  change(b, new DataView(b.buffer));
  return b;
};
/** Of the root table. */
const vtable = (v: DataView) => v.getUint32(0, true) - v.getInt32(v.getUint32(0, true), true);

const corpus: Record<string, [ErrorCode, Uint8Array]> = {
  'no bytes at all': ['E_FORMAT', new Uint8Array(0)],
  'another identifier': ['E_FORMAT', edit((b) => b.set(new TextEncoder().encode('TFL9'), 4))],
  'a vtable before the file': [
    'E_TRUNCATED',
    edit((_, v) => v.setInt32(v.getUint32(0, true), 2 ** 30, true)),
  ],
  'a vtable of an odd size': ['E_FORMAT', edit((_, v) => v.setUint16(vtable(v), 7, true))],
  'a vtable of two bytes': ['E_FORMAT', edit((_, v) => v.setUint16(vtable(v), 2, true))],
  'a field far outside': ['E_TRUNCATED', edit((_, v) => v.setUint16(vtable(v) + 6, 0xfff0, true))],
  'an input tensor that is none': ['E_GRAPH', liteFile({ ...base, inputs: [77] })],
  'two million bytes of nothing': ['E_FORMAT', new Uint8Array(2_000_000)],
  'a stride of 0': ['E_SHAPE', conv(0, 1)],
  'a negative stride': ['E_SHAPE', conv(-1, 1)],
  'a dilation of 0': ['E_SHAPE', conv(1, 0)],
  'a kernel of other channels': ['E_SHAPE', conv(1, 1, { ...kernel, shape: [3, 3, 2, 3] })],
  'a kernel that is a number': ['E_SHAPE', conv(1, 1, { shape: [], data: bytesOf(new Float32Array(1)) })],
  'a pool of size 0': ['E_SHAPE', pool(0, 1)],
  'a pool with stride 0': ['E_SHAPE', pool(2, 0)],
  'a reshape that doesn’t fit': ['E_SHAPE', one('RESHAPE', [list(5, 7)])],
  'a reshape with two open sizes': ['E_FORMAT', one('RESHAPE', [list(-1, -1)])],
  'a permutation that is none': ['E_SHAPE', one('TRANSPOSE', [list(0, 1, 1, 2)])],
  'an axis outside': ['E_SHAPE', one('CONCATENATION', [], [[0, 9, 'int']])],
  'a split into 0': ['E_FORMAT', one('SPLIT', [number(1)], [[0, 0, 'int']], { inputs: [1, 0] })],
  'a step of 0': ['E_FORMAT', one('STRIDED_SLICE', [list(0, 0, 0, 0), list(1, 4, 4, 2), list(1, 0, 1, 1)])],
  'an index outside': ['E_FORMAT', one('GATHER', [list(99)], [[0, 1, 'int']])],
  'a tile of 2^40': ['E_LIMIT', one('TILE', [list(2 ** 20, 2 ** 20, 1, 1)])],
  'a fill of 2^40': ['E_LIMIT', one('FILL', [list(2 ** 20, 2 ** 20), number(1)], [], { inputs: [1, 2] })],
  'a broadcast to 2^40': ['E_LIMIT', one('BROADCAST_TO', [list(2 ** 20, 2 ** 20, 4, 4, 2)])],
  'a pad of 2^30': ['E_LIMIT', one('PAD', [pads(2 ** 30)])],
  'a negative pad': ['E_FORMAT', one('PAD', [pads(-3)])],
  'a resize to 2^30': ['E_LIMIT', one('RESIZE_BILINEAR', [list(2 ** 30, 2 ** 30)])],
  'a range without end': [
    'E_SHAPE',
    one('RANGE', [number(0), number(10), number(0)], [], { inputs: [1, 2, 3] }),
  ],
  'a range of 2^31': [
    'E_LIMIT',
    one('RANGE', [number(0), number(2 ** 31 - 1), number(1)], [], { inputs: [1, 2, 3] }),
  ],
  'blocks of 0': ['E_SHAPE', one('SPACE_TO_DEPTH', [], [[0, 0, 'int']])],
  'more largest than there are': ['E_SHAPE', one('TOPK_V2', [number(3)])],
  'an LSTM without weights': ['E_UNSUPPORTED', one('LSTM')],
  'a recurrent layer of another rank': ['E_FORMAT', one('RNN', [kernel, kernel, kernel])],
  'a negative scale': ['E_FORMAT', quantized({ scale: [-1] })],
  'zero points for other scales': ['E_SHAPE', quantized({ scale: [1, 1, 1], zero: [0, 0], axis: 0 })],
  'an int64 out of range': [
    'E_UNSUPPORTED',
    one('RESHAPE', [{ shape: [1], type: 'int64', data: bytesOf(BigInt64Array.of(2n ** 40n)) }]),
  ],
  'a port named like a prototype': ['E_NAME', liteFile({ ...base, signature: { constructor: 0 } })],
  'a port that ends a script': ['E_NAME', liteFile({ ...base, signature: { '</script>': 0 } })],
  'an operator named like code': ['E_NAME', operators({ op: '*/evil()/*', inputs: [0], outputs: [2] })],
  'only its magic': ['E_TRUNCATED', sound.slice(0, 8)],
  'its first half': ['E_TRUNCATED', sound.slice(0, sound.length >> 1)],
  'a root outside': ['E_TRUNCATED', patched(0, 0x7fffffff)],
  'a root in the middle of nowhere': ['E_TRUNCATED', patched(0, sound.length - 4)],
  'another version': ['E_FORMAT', liteFile({ ...base, version: 2 })],
  'an operator on tensors that aren’t there': [
    'E_GRAPH',
    operators({ op: 'ABS', inputs: [99], outputs: [2] }),
  ],
  'an operator that makes no tensor': ['E_GRAPH', operators({ op: 'ABS', inputs: [0], outputs: [-1] })],
  'a tensor made twice': ['E_GRAPH', operators(base.operators[0], base.operators[0])],
  'an input made by an operator': ['E_GRAPH', operators({ op: 'ABS', inputs: [0], outputs: [0] })],
  'a cycle': [
    'E_GRAPH',
    liteFile({
      ...base,
      tensors: [...base.tensors, { shape: [1, 3] }],
      operators: [{ op: 'ADD', inputs: [2, 3], outputs: [2] }],
    }),
  ],
  'a missing input': ['E_GRAPH', operators({ op: 'FULLY_CONNECTED', inputs: [0], outputs: [2] })],
  'an output that isn’t there': ['E_GRAPH', liteFile({ ...base, outputs: [7] })],
  'outputs that nobody makes': ['E_GRAPH', operators()],
  'a shape that lies': ['E_SHAPE', tensor(2, { shape: [1, 5] })],
  'weights that don’t fit': ['E_FORMAT', tensor(1, { shape: [4, 3] })],
  'too few weights': ['E_TRUNCATED', tensor(1, { data: w.data!.slice(0, 40) })],
  'too many weights': ['E_FORMAT', tensor(1, { data: new Uint8Array(64) })],
  'weights in no buffer': ['E_FORMAT', tensor(1, { buffer: 1000 })],
  'NaN among the weights': [
    'E_NONFINITE',
    tensor(1, { data: bytesOf(new Float32Array(12).fill(Number.NaN)) }),
  ],
  'enormous weights': ['E_LIMIT', tensor(1, { shape: [2 ** 20, 2 ** 20] })],
  'a negative dimension': ['E_SHAPE', tensor(1, { shape: [-3, 4] })],
  'too many dimensions': ['E_LIMIT', tensor(1, { shape: Array(40).fill(1) })],
  'an empty input': ['E_SHAPE', tensor(0, { shape: [0, 4] })],
  'a name with control characters': ['E_NAME', tensor(0, { name: 'x\u001b[2J' })],
  'a variable': ['E_UNSUPPORTED', tensor(1, { variable: true })],
  'weights that are text': ['E_UNSUPPORTED', tensor(1, { type: 'string' })],
  'a scale of NaN': ['E_FORMAT', tensor(1, { type: 'int8', data: new Uint8Array(12), scale: [Number.NaN] })],
  'scales along no axis': [
    'E_SHAPE',
    tensor(1, { type: 'int8', data: new Uint8Array(12), scale: [1, 1], axis: 9 }),
  ],
  'sparse segments that end elsewhere': ['E_FORMAT', sparse({ segments: [0, 1, 1, 9] })],
  'sparse segments that go backwards': ['E_FORMAT', sparse({ segments: [0, 2, 1, 2] })],
  'too few sparse segments': ['E_FORMAT', sparse({ segments: [0, 2] })],
  'a sparse index outside': ['E_FORMAT', sparse({ indices: [1, 4] })],
  'a sparse index below zero': ['E_FORMAT', sparse({ indices: [-1, 2] })],
  'too few sparse values': ['E_TRUNCATED', sparse({}, 1)],
  'a sparse order that repeats': ['E_FORMAT', sparse({}, 2, { order: [0, 0] })],
  'a block map outside': [
    'E_FORMAT',
    sparse({}, 2, {
      order: [0, 1, 2],
      blocks: [5],
      levels: [
        { format: 'dense', size: 3 },
        { format: 'dense', size: 4 },
        { format: 'dense', size: 1 },
      ],
    }),
  ],
  'a dense level of another size': [
    'E_SHAPE',
    sparse({}, 2, {
      levels: [
        { format: 'dense', size: 2 ** 30 },
        { format: 'dense', size: 4 },
      ],
    }),
  ],
};

const file = (bytes: Uint8Array) => ({ 'm.tflite': bytes });

hostile('tflite', {
  ...Object.fromEntries(Object.entries(corpus).map(([name, [code, bytes]]) => [name, [code, file(bytes)]])),
  'the sound one': ['none', file(sound)],
});

const outcome = (bytes: Uint8Array): Promise<Error | undefined> =>
  readModel(file(bytes)).then(
    () => undefined,
    (e) => e,
  );

test('cut anywhere', async () => {
  for (let end = 8; end < sound.length; end += 3) {
    const error = await outcome(sound.slice(0, end));
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});

test('random damage', async () => {
  const rng = random(3);
  for (let i = 0; i < 1500; i++) {
    const bytes = sound.slice();
    for (let k = 0; k <= rng.int(4); k++)
      bytes[8 + rng.int(bytes.length - 8)] = rng.int(2) === 0 ? rng.int(256) : 255;
    const error = await outcome(bytes);
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
