/** One operator each, in the arithmetic that TFLite gives it. */
import { branching, counting } from '../../import/tflite-control.ts';
import { liteFile, type OperatorSpec } from '../../import/tflite-models.ts';
import { Net, quantized, type Steps } from './net.ts';

export interface LiteCase {
  readonly file: Uint8Array;
  /** How far apart results may be; the default is that of two float runtimes. */
  readonly step?: number;
  /** One where not given. */
  readonly steps?: number;
}

type Options = NonNullable<OperatorSpec['options']>;
const image = [1, 7, 6, 8];
const same: Options = [
  [0, 0, 'byte'],
  [1, 1, 'int'],
  [2, 1, 'int'],
];
const pool: Options = [
  [0, 0, 'byte'],
  [1, 2, 'int'],
  [2, 2, 'int'],
  [3, 3, 'int'],
  [4, 2, 'int'],
];
const relu = (slot: number): Options => [[slot, 1, 'byte']];

/** x → steps → operator → steps → y; `scale` of the result, whose zero is that of its range. */
function whole(
  x: Steps,
  shape: readonly number[],
  y: readonly number[],
  scale: number,
  apply: (n: Net, x: number, result: ReturnType<typeof quantized>) => number,
  zero = x.type === 'int16' ? 0 : x.zero - 3,
): LiteCase {
  const n = new Net(7);
  const input = n.tensor({ shape, name: 'x' });
  const steps = n.op('QUANTIZE', [input], quantized(shape, x));
  const result = apply(n, steps, quantized(y, { ...x, scale, zero }));
  return { file: n.file([input], [n.op('DEQUANTIZE', [result], { shape: y })]), step: scale };
}

const int8: Steps = { type: 'int8', scale: 0.02, zero: -9 };
const uint8: Steps = { type: 'uint8', scale: 0.02, zero: 119 };
const int16: Steps = { type: 'int16', scale: 2 ** -13, zero: 0 };

function layers(x: Steps): Record<string, LiteCase> {
  const fine = x.type === 'int16' ? 2 ** -8 : 1;
  const conv = (n: Net, id: number, y: ReturnType<typeof quantized>) => {
    const w = n.weights(x, [5, 3, 3, 8]);
    return n.op('CONV_2D', [id, w.id, n.bias(x, w)], y, [...same, ...relu(3)]);
  };
  const depthwise = (n: Net, id: number, y: ReturnType<typeof quantized>) => {
    const w = n.weights(x, [1, 3, 3, 8], 3);
    return n.op('DEPTHWISE_CONV_2D', [id, w.id, n.bias(x, w)], y, [...same, [3, 1, 'int']]);
  };
  const full = (n: Net, id: number, y: ReturnType<typeof quantized>) => {
    const w = n.weights(x, [6, 24], 0, true);
    return n.op('FULLY_CONNECTED', [id, w.id, n.bias(x, w)], y);
  };
  return {
    CONV_2D: whole(x, image, [1, 7, 6, 5], 0.1 * fine, conv),
    DEPTHWISE_CONV_2D: whole(x, image, image, 0.05 * fine, depthwise),
    FULLY_CONNECTED: whole(x, [2, 24], [2, 6], 0.05 * fine, full),
    ADD: whole(
      x,
      image,
      image,
      0.04 * fine,
      (n, id, y) => n.op('ADD', [id, id], y),
      x.type === 'int16' ? 0 : x.zero,
    ),
    MUL: whole(x, image, image, 0.03 * fine, (n, id, y) => n.op('MUL', [id, id], y)),
    LOGISTIC: whole(
      x,
      image,
      image,
      x.type === 'int16' ? 2 ** -15 : 1 / 256,
      (n, id, y) => n.op('LOGISTIC', [id], y),
      { int8: -128, uint8: 0, int16: 0 }[x.type],
    ),
    TANH: {
      ...whole(
        x,
        image,
        image,
        x.type === 'int16' ? 2 ** -15 : 1 / 128,
        (n, id, y) => n.op('TANH', [id], y),
        { int8: 0, uint8: 128, int16: 0 }[x.type],
      ),
      // For 16 bits TFLite interpolates in a table.
      steps: x.type === 'int16' ? 2 : 1,
    },
    MAX_POOL_2D: whole(
      x,
      image,
      [1, 4, 3, 8],
      x.scale,
      (n, id, y) => n.op('MAX_POOL_2D', [id], y, pool),
      x.zero,
    ),
    AVERAGE_POOL_2D: whole(
      x,
      image,
      [1, 4, 3, 8],
      x.scale,
      (n, id, y) => n.op('AVERAGE_POOL_2D', [id], y, pool),
      x.zero,
    ),
  };
}

/** What 8 bits have beyond those. */
function bytes(x: Steps): Record<string, LiteCase> {
  const kept = (
    y: readonly number[],
    op: string,
    more: (n: Net) => number[],
    options: Options = [],
  ): LiteCase => whole(x, image, y, x.scale, (n, id, r) => n.op(op, [id, ...more(n)], r, options), x.zero);
  return {
    SUB: whole(x, image, [1, 7, 6, 8], 0.03, (n, id, y) => {
      const w = n.op('LEAKY_RELU', [id], quantized(image, { ...x, scale: 0.015 }), [[0, 0.2, 'float']]);
      return n.op('SUB', [id, w], y);
    }),
    SOFTMAX: whole(
      x,
      [3, 10],
      [3, 10],
      1 / 256,
      (n, id, y) => n.op('SOFTMAX', [id], y, [[0, 1, 'float']]),
      x.type === 'int8' ? -128 : 0,
    ),
    LEAKY_RELU: whole(x, image, image, 0.015, (n, id, y) => n.op('LEAKY_RELU', [id], y, [[0, 0.1, 'float']])),
    HARD_SWISH: whole(x, image, image, 0.018, (n, id, y) => n.op('HARD_SWISH', [id], y)),
    MEAN: kept([1, 1, 1, 8], 'MEAN', (n) => [n.ints(1, 2)], [[0, 1, 'byte']]),
    PAD: kept([1, 9, 8, 8], 'PAD', (n) => [
      n.tensor({
        shape: [4, 2],
        type: 'int32',
        data: new Uint8Array(Int32Array.of(0, 0, 1, 1, 2, 0, 0, 0).buffer),
      }),
    ]),
    RESHAPE: kept([1, 336], 'RESHAPE', (n) => [n.ints(1, 336)]),
    RESIZE_BILINEAR: kept([1, 14, 12, 8], 'RESIZE_BILINEAR', (n) => [n.ints(14, 12)], [[3, 1, 'byte']]),
    RESIZE_NEAREST_NEIGHBOR: kept([1, 14, 12, 8], 'RESIZE_NEAREST_NEIGHBOR', (n) => [n.ints(14, 12)]),
    CONCATENATION: whole(
      x,
      image,
      [1, 7, 6, 16],
      x.scale,
      (n, id, y) => n.op('CONCATENATION', [id, id], y, [[0, 3, 'int']]),
      x.zero,
    ),
  };
}

/** Sequence [2, 5, 3] or step [2, 3] into 4 units. */
function recurrent(op: string, x: readonly number[], options: Options): LiteCase {
  const n = new Net(5);
  const input = n.tensor({ shape: x, name: 'x' });
  const state = () => n.tensor({ shape: [2, 4], variable: true });
  const many = (count: number, ...shape: number[]) => Array.from({ length: count }, () => n.floats(...shape));
  const lstm = op.includes('LSTM');
  const w = lstm
    ? [...many(4, 4, 3), ...many(4, 4, 4), -1, -1, -1, ...many(4, 4), -1, -1, state(), state()]
    : [n.floats(4, 3), n.floats(4, 4), n.floats(4), state()];
  return { file: n.file([input], [n.op(op, [input, ...w], { shape: [...x.slice(0, -1), 4] }, options)]) };
}

/** Float activations, weights of 8 bits: TFLite rounds each row of activations to 8 bits too, espalier doesn't. */
function hybrid(): LiteCase {
  const n = new Net(9);
  const input = n.tensor({ shape: [3, 24], name: 'x' });
  const w = n.weights(int8, [6, 24], 0, true);
  return { file: n.file([input], [n.op('FULLY_CONNECTED', [input, w.id, n.floats(6)], { shape: [3, 6] })]) };
}

const under = (prefix: string, cases: Record<string, LiteCase>) =>
  Object.entries(cases).map(([name, c]) => [`${prefix} ${name}`, c] as const);

export const cases: readonly (readonly [name: string, c: LiteCase])[] = [
  ...under('int8', { ...layers(int8), ...bytes(int8) }),
  ...under('uint8', { ...layers(uint8), ...bytes(uint8) }),
  ...under('int16', layers(int16)),
  ...under('float', {
    LSTM: recurrent(
      'LSTM',
      [2, 3],
      [
        [0, 4, 'byte'],
        [1, 10, 'float'],
      ],
    ),
    UNIDIRECTIONAL_SEQUENCE_LSTM: recurrent('UNIDIRECTIONAL_SEQUENCE_LSTM', [2, 5, 3], [[0, 4, 'byte']]),
    'UNIDIRECTIONAL_SEQUENCE_LSTM over leading time': recurrent(
      'UNIDIRECTIONAL_SEQUENCE_LSTM',
      [5, 2, 3],
      [
        [0, 4, 'byte'],
        [3, 1, 'byte'],
      ],
    ),
    RNN: recurrent('RNN', [2, 3], [[0, 4, 'byte']]),
    UNIDIRECTIONAL_SEQUENCE_RNN: recurrent('UNIDIRECTIONAL_SEQUENCE_RNN', [2, 5, 3], [[1, 4, 'byte']]),
  }),
];

export const controlled: readonly (readonly [name: string, file: Uint8Array])[] = [
  ['a branch taken', liteFile(branching(true))],
  ['the other branch', liteFile(branching(false))],
  ['a loop', liteFile(counting(4))],
];

export const hybridLayer = hybrid();
