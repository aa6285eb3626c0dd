/** Malformed TFLite files: each ends in its error code, soon, and nothing but a `CompileError` comes out. */
import { describe, expect, test } from 'vitest';
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

const corpus: Record<string, [ErrorCode, Uint8Array]> = {
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

const within = async (bytes: Uint8Array, ms = 5000) => {
  const start = performance.now();
  const result = await readModel({ 'm.tflite': bytes }).then(
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

  test('the sound one is read', async () => expect(await within(sound)).toBeUndefined());
});

test('cut anywhere', async () => {
  for (let end = 8; end < sound.length; end += 3) {
    const error = await within(sound.slice(0, end));
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});

test('random damage', async () => {
  const rng = random(3);
  for (let i = 0; i < 1500; i++) {
    const bytes = sound.slice();
    for (let k = 0; k <= rng.int(4); k++)
      bytes[8 + rng.int(bytes.length - 8)] = rng.int(2) === 0 ? rng.int(256) : 255;
    const error = await within(bytes);
    if (error !== undefined) expect(error, String(error?.stack)).toBeInstanceOf(CompileError);
  }
});
