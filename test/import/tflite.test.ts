/** TFLite files written field by field; references are tfjs's plain backend and integer arithmetic. */
import type * as tfjs from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import type { UnsupportedError } from '../../compiler/errors.ts';
import { readModel } from '../../compiler/import/index.ts';
import { liteReaders } from '../../compiler/import/reader-names.ts';
import { random } from '../../compiler/ir/random.ts';
import { sizeOf, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import { tf } from './models.ts';
import {
  bytesOf,
  type Level,
  type LiteSpec,
  type LiteTensorSpec,
  liteFile,
  type OperatorSpec,
} from './tflite-models.ts';

type T = tfjs.Tensor;
// biome-ignore lint/suspicious/noExplicitAny: tfjs's types narrow ranks, the table doesn't
type Any = any;

const normal = (seed: number, n: number) => {
  const rng = random(seed);
  return Float32Array.from({ length: n }, () => rng.normal() / 2);
};
const float = (seed: number, ...shape: number[]): LiteTensorSpec & { values: Float32Array } => {
  const values = normal(seed, sizeOf(shape));
  return { shape, data: bytesOf(values), values };
};
const int = (...list: number[]): LiteTensorSpec => ({
  shape: [list.length],
  type: 'int32',
  data: bytesOf(Int32Array.from(list)),
});
const int0 = (v: number): LiteTensorSpec => ({ shape: [], type: 'int32', data: bytesOf(Int32Array.of(v)) });
const matrix = (rows: number[][]): LiteTensorSpec => ({
  shape: [rows.length, rows[0].length],
  type: 'int32',
  data: bytesOf(Int32Array.from(rows.flat())),
});

/** One operator; `-1` in `order` is where the input goes, else constants in their order. */
interface Case {
  readonly x: readonly number[];
  readonly more?: readonly (LiteTensorSpec | null)[];
  readonly xAt?: number;
  readonly options?: OperatorSpec['options'];
  readonly to: (x: T) => T | T[];
  readonly type?: 'float32' | 'int32';
}

const asTensor = (s: LiteTensorSpec & { values?: Float32Array }) => tf.tensor(s.values!, [...s.shape]);
const w1 = float(1, 5, 3, 3, 4);
const b1 = float(2, 5);
const d1 = float(3, 1, 3, 3, 8);
const f1 = float(4, 5, 12);
const t1 = float(5, 3, 3, 3, 4);
const y1 = float(6, 4);
const slope = float(7, 1, 1, 4);
const c3 = float(8, 2, 2, 3, 2, 4);

const image = [1, 6, 7, 4];
const window = (
  stride: number,
  act = 0,
  last: [number, number] = [1, 1],
  shift = 0,
): OperatorSpec['options'] => [
  [0, 0, 'byte'],
  [1, stride, 'int'],
  [2, stride, 'int'],
  [3 + shift, act, 'byte'],
  [4 + shift, last[0], 'int'],
  [5 + shift, last[1], 'int'],
];
const ohwi = (w: LiteTensorSpec) => tf.transpose(asTensor(w), [1, 2, 3, 0]) as Any;

const unary = (to: (x: Any) => T): Case => ({ x: image, to });
const positive = (to: (x: Any) => T): Case => ({ x: image, to });
const binary = (to: (x: Any, y: Any) => T): Case => ({
  x: [2, 3, 4],
  more: [y1],
  to: (x) => to(x, asTensor(y1)),
});
const reduce = (to: (x: Any, a: number[], keep: boolean) => T): Case => ({
  x: image,
  more: [int(1, 2)],
  options: [[0, 1, 'byte']],
  to: (x) => to(x, [1, 2], true),
});

const cases: Record<string, Case | readonly Case[]> = {
  ABS: unary(tf.abs),
  CEIL: unary(tf.ceil),
  COS: unary(tf.cos),
  EXP: unary(tf.exp),
  FLOOR: unary(tf.floor),
  NEG: unary(tf.neg),
  ROUND: unary(tf.round),
  LOGISTIC: unary(tf.sigmoid),
  SIGN: unary(tf.sign),
  SIN: unary(tf.sin),
  SQUARE: unary(tf.square),
  TANH: unary(tf.tanh),
  RELU: unary(tf.relu),
  RELU6: unary((x) => tf.clipByValue(x, 0, 6)),
  RELU_N1_TO_1: unary((x) => tf.clipByValue(x, -1, 1)),
  RELU_0_TO_1: unary((x) => tf.clipByValue(x, 0, 1)),
  ELU: unary(tf.elu),
  HARD_SWISH: unary((x) => tf.mul(x, tf.div(tf.clipByValue(tf.add(x, 3), 0, 6), 6))),
  GELU: {
    x: image,
    options: [[0, 1, 'byte']],
    to: (x) =>
      tf.mul(
        tf.mul(x, 0.5),
        tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3)))))),
      ),
  },
  LOG: positive(tf.log),
  SQRT: positive(tf.sqrt),
  RSQRT: positive(tf.rsqrt),
  LOG_SOFTMAX: unary((x) => tf.logSoftmax(x)),
  SOFTMAX: { x: [2, 5], options: [[0, 2.5, 'float']], to: (x) => tf.softmax(tf.mul(x, 2.5)) },
  LEAKY_RELU: { x: image, options: [[0, 0.3, 'float']], to: (x) => tf.leakyRelu(x, 0.3) },
  PRELU: { x: image, more: [slope], to: (x) => tf.prelu(x, asTensor(slope)) },
  ADD: [binary(tf.add), { ...binary((x, y) => tf.relu(tf.add(x, y))), options: [[0, 1, 'byte']] }],
  SUB: { ...binary((x, y) => tf.clipByValue(tf.sub(x, y), 0, 6)), options: [[0, 3, 'byte']] },
  MUL: { ...binary((x, y) => tf.tanh(tf.mul(x, y))), options: [[0, 4, 'byte']] },
  DIV: { ...binary((x, y) => tf.clipByValue(tf.div(x, y), -1, 1)), options: [[0, 2, 'byte']] },
  ADD_N: {
    x: [3, 4],
    more: [float(1, 3, 4), float(2, 3, 4)],
    to: (x) => tf.addN([x, asTensor(float(1, 3, 4)), asTensor(float(2, 3, 4))]),
  },
  MAXIMUM: binary(tf.maximum),
  MINIMUM: binary(tf.minimum),
  SQUARED_DIFFERENCE: binary(tf.squaredDifference),
  ATAN2: binary(tf.atan2),
  FLOOR_DIV: binary(tf.floorDiv),
  FLOOR_MOD: binary(tf.mod),
  POW: {
    x: [2, 3, 4],
    more: [{ ...float(1, 1), data: bytesOf(Float32Array.of(3)) }],
    to: (x) => tf.pow(x, 3),
  },
  EQUAL: binary(tf.equal),
  NOT_EQUAL: binary(tf.notEqual),
  GREATER: binary(tf.greater),
  GREATER_EQUAL: binary(tf.greaterEqual),
  LESS: binary(tf.less),
  LESS_EQUAL: binary(tf.lessEqual),
  CONV_2D: [
    {
      x: image,
      more: [w1, b1],
      options: window(2, 1),
      to: (x) => tf.relu(tf.add(tf.conv2d(x as Any, ohwi(w1), 2, 'same'), asTensor(b1))),
    },
    {
      x: image,
      more: [w1, null],
      options: [[0, 1, 'byte'], ...window(1, 3, [2, 1])!.slice(1)],
      to: (x) => tf.clipByValue(tf.conv2d(x as Any, ohwi(w1), 1, 'valid', 'NHWC', [1, 2]), 0, 6),
    },
  ],
  DEPTHWISE_CONV_2D: {
    x: image,
    more: [d1, float(9, 8)],
    options: [...window(2)!.slice(0, 3), [3, 2, 'int'], [4, 1, 'byte'], [5, 1, 'int'], [6, 1, 'int']],
    to: (x) =>
      tf.relu(
        tf.add(
          tf.depthwiseConv2d(x as Any, tf.reshape(asTensor(d1), [3, 3, 4, 2]) as Any, 2, 'same'),
          asTensor(float(9, 8)),
        ),
      ),
  },
  CONV_3D: {
    x: [1, 4, 5, 4, 2],
    more: [c3],
    options: [
      [0, 0, 'byte'],
      [1, 1, 'int'],
      [2, 1, 'int'],
      [3, 2, 'int'],
    ],
    to: (x) => tf.conv3d(x as Any, asTensor(c3) as Any, [1, 2, 1], 'same'),
  },
  TRANSPOSE_CONV: {
    x: image,
    xAt: 2,
    more: [int(1, 12, 14, 3), t1],
    options: window(2),
    to: (x) =>
      tf.conv2dTranspose(
        x as Any,
        tf.transpose(asTensor(t1), [1, 2, 0, 3]) as Any,
        [1, 12, 14, 3],
        2,
        'same',
      ),
  },
  FULLY_CONNECTED: [
    {
      x: [2, 12],
      more: [f1, b1],
      options: [[0, 1, 'byte']],
      to: (x) => tf.relu(tf.add(tf.matMul(x, asTensor(f1), false, true), asTensor(b1))),
    },
    {
      x: [2, 3, 4],
      more: [f1, null],
      to: (x) => tf.matMul(tf.reshape(x, [2, 12]), asTensor(f1), false, true),
    },
    {
      x: [1, 2, 12],
      more: [f1, b1],
      options: [[2, 1, 'byte']],
      to: (x) =>
        tf.reshape(
          tf.add(tf.matMul(tf.reshape(x, [2, 12]), asTensor(f1), false, true), asTensor(b1)),
          [1, 2, 5],
        ),
    },
  ],
  BATCH_MATMUL: {
    x: [2, 3, 4],
    more: [float(1, 2, 5, 4)],
    options: [[1, 1, 'byte']],
    to: (x) => tf.matMul(x, asTensor(float(1, 2, 5, 4)), false, true),
  },
  AVERAGE_POOL_2D: {
    x: image,
    options: [...window(2)!.slice(0, 3), [3, 3, 'int'], [4, 2, 'int'], [5, 1, 'byte']],
    to: (x) => tf.relu(tf.avgPool(x as Any, [2, 3], 2, 'same')),
  },
  MAX_POOL_2D: {
    x: image,
    options: [...window(2)!.slice(0, 3), [3, 3, 'int'], [4, 2, 'int']],
    to: (x) => tf.maxPool(x as Any, [2, 3], 2, 'same'),
  },
  L2_NORMALIZATION: { x: [2, 5], to: (x) => tf.div(x, tf.norm(x, 2, -1, true)) },
  LOCAL_RESPONSE_NORMALIZATION: {
    x: image,
    options: [
      [0, 1, 'int'],
      [1, 1.5, 'float'],
      [2, 0.3, 'float'],
      [3, 0.5, 'float'],
    ],
    to: (x) => tf.localResponseNormalization(x as Any, 1, 1.5, 0.3, 0.5),
  },
  MEAN: reduce(tf.mean),
  SUM: reduce(tf.sum),
  REDUCE_MAX: reduce(tf.max),
  REDUCE_MIN: reduce(tf.min),
  REDUCE_PROD: reduce(tf.prod),
  ARG_MAX: { x: image, more: [int0(3)], to: (x) => tf.argMax(x, 3) },
  ARG_MIN: { x: image, more: [int0(1)], to: (x) => tf.argMin(x, 1) },
  RESHAPE: [
    { x: image, more: [int(-1, 14)], to: (x) => tf.reshape(x, [12, 14]) },
    { x: image, options: [[0, [4, 42], 'ints']], to: (x) => tf.reshape(x, [4, 42]) },
  ],
  SQUEEZE: { x: image, options: [[0, [0], 'ints']], to: (x) => tf.squeeze(x, [0]) },
  EXPAND_DIMS: { x: image, more: [int0(-1)], to: (x) => tf.expandDims(x, -1) },
  SHAPE: { x: image, to: () => tf.tensor([1, 6, 7, 4], [4], 'int32') },
  RANK: { x: image, to: () => tf.scalar(4, 'int32') },
  CONCATENATION: {
    x: [2, 3],
    more: [float(1, 2, 2)],
    options: [
      [0, -1, 'int'],
      [1, 1, 'byte'],
    ],
    to: (x) => tf.relu(tf.concat([x, asTensor(float(1, 2, 2))], 1)),
  },
  PACK: {
    x: [2, 3],
    more: [float(1, 2, 3)],
    options: [
      [0, 2, 'int'],
      [1, 1, 'int'],
    ],
    to: (x) => tf.stack([x, asTensor(float(1, 2, 3))], 1),
  },
  UNPACK: {
    x: [2, 3],
    options: [
      [0, 3, 'int'],
      [1, 1, 'int'],
    ],
    to: (x) => tf.unstack(x, 1),
  },
  SPLIT: { x: [2, 6], xAt: 1, more: [int0(1)], options: [[0, 3, 'int']], to: (x) => tf.split(x, 3, 1) },
  SPLIT_V: {
    x: [2, 6],
    more: [int(1, -1, 2), int0(1)],
    options: [[0, 3, 'int']],
    to: (x) => tf.split(x, [1, 3, 2], 1),
  },
  SLICE: {
    x: image,
    more: [int(0, 1, 2, 0), int(1, 3, -1, 2)],
    to: (x) => tf.slice(x, [0, 1, 2, 0], [1, 3, 5, 2]),
  },
  STRIDED_SLICE: {
    x: image,
    more: [int(0, 1, -5, 0), int(1, 6, 0, 2), int(1, 2, 1, 1)],
    options: [
      [0, 1, 'int'],
      [1, 4, 'int'],
      [4, 8, 'int'],
    ],
    to: (x) =>
      tf.reshape(
        tf.gather(tf.slice(x, [0, 1, 2, 0], [1, 5, 5, 1]), tf.tensor1d([0, 2, 4], 'int32'), 1),
        [1, 3, 5],
      ),
  },
  REVERSE_V2: { x: image, more: [int(1)], to: (x) => tf.reverse(x, [1]) },
  PAD: {
    x: [2, 3],
    more: [
      matrix([
        [1, 0],
        [2, 1],
      ]),
    ],
    to: (x) =>
      tf.pad(x, [
        [1, 0],
        [2, 1],
      ]),
  },
  PADV2: {
    x: [2, 3],
    more: [
      matrix([
        [1, 0],
        [2, 1],
      ]),
      { shape: [], data: bytesOf(Float32Array.of(-4)) },
    ],
    to: (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        -4,
      ),
  },
  MIRROR_PAD: {
    x: [3, 4],
    more: [
      matrix([
        [1, 0],
        [2, 1],
      ]),
    ],
    options: [[0, 1, 'byte']],
    to: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        'symmetric',
      ),
  },
  SPACE_TO_BATCH_ND: {
    x: image,
    more: [
      int(2, 3),
      matrix([
        [1, 1],
        [2, 0],
      ]),
    ],
    to: (x) =>
      tf.spaceToBatchND(
        x,
        [2, 3],
        [
          [1, 1],
          [2, 0],
        ],
      ),
  },
  BATCH_TO_SPACE_ND: {
    x: [12, 3, 4, 2],
    more: [
      int(2, 3),
      matrix([
        [1, 1],
        [2, 0],
      ]),
    ],
    to: (x) =>
      tf.batchToSpaceND(
        x,
        [2, 3],
        [
          [1, 1],
          [2, 0],
        ],
      ),
  },
  TRANSPOSE: { x: image, more: [int(0, 3, 1, 2)], to: (x) => tf.transpose(x, [0, 3, 1, 2]) },
  TILE: { x: [2, 3], more: [int(2, 3)], to: (x) => tf.tile(x, [2, 3]) },
  BROADCAST_TO: { x: [3, 1], more: [int(2, 3, 4)], to: (x) => tf.broadcastTo(x, [2, 3, 4]) },
  ZEROS_LIKE: { x: [3, 1], to: (x) => tf.zerosLike(x) },
  GATHER: {
    x: image,
    more: [int(2, 0)],
    options: [[0, 3, 'int']],
    to: (x) => tf.gather(x, tf.tensor1d([2, 0], 'int32'), 3),
  },
  GATHER_ND: {
    x: [5, 3],
    more: [
      matrix([
        [4, 0],
        [1, 2],
      ]),
    ],
    to: (x) =>
      tf.gatherND(
        x,
        tf.tensor2d(
          [
            [4, 0],
            [1, 2],
          ],
          [2, 2],
          'int32',
        ),
      ),
  },
  RESIZE_BILINEAR: {
    x: image,
    more: [int(12, 5)],
    options: [[3, 1, 'byte']],
    to: (x) => tf.image.resizeBilinear(x as Any, [12, 5], false, true),
  },
  RESIZE_NEAREST_NEIGHBOR: {
    x: image,
    more: [int(12, 5)],
    options: [[0, 1, 'byte']],
    to: (x) => tf.image.resizeNearestNeighbor(x as Any, [12, 5], true, false),
  },
  DEPTH_TO_SPACE: { x: image, options: [[0, 2, 'int']], to: (x) => tf.depthToSpace(x as Any, 2, 'NHWC') },
  SPACE_TO_DEPTH: {
    x: [1, 4, 6, 3],
    options: [[0, 2, 'int']],
    to: (x) => tf.reshape(tf.transpose(tf.reshape(x, [1, 2, 2, 3, 2, 3]), [0, 1, 3, 2, 4, 5]), [1, 2, 3, 12]),
  },
  CUMSUM: { x: image, more: [int0(2)], options: [[0, 1, 'byte']], to: (x) => tf.cumsum(x, 2, true) },
  TOPK_V2: { x: [2, 6], more: [int0(2)], to: (x) => Object.values(tf.topk(x, 2)) },
  CAST: { x: image, type: 'int32', to: (x) => tf.cast(x, 'int32') },
  DEQUANTIZE: { x: [3], to: (x) => x },
  QUANTIZE: { x: [3], to: (x) => x },
  DENSIFY: { x: [3], to: (x) => x },
  FILL: {
    x: [2, 3],
    xAt: 9,
    more: [int(2, 3), { shape: [], data: bytesOf(Float32Array.of(1.5)) }],
    to: () => tf.fill([2, 3], 1.5),
  },
  RANGE: { x: [2], xAt: 9, more: [int0(1), int0(9), int0(3)], to: () => tf.tensor1d([1, 4, 7], 'int32') },
  ONE_HOT: {
    x: [2],
    xAt: 9,
    more: [
      int(2, 0),
      int0(3),
      { shape: [], data: bytesOf(Float32Array.of(1)) },
      { shape: [], data: bytesOf(Float32Array.of(0)) },
    ],
    options: [[0, -1, 'int']],
    to: () =>
      tf.tensor2d([
        [0, 0, 1],
        [1, 0, 0],
      ]),
  },
  SCATTER_ND: {
    x: [3, 2],
    xAt: 1,
    more: [matrix([[3], [0], [3]]), int(4, 2)],
    to: (x) => tf.scatterND(tf.tensor2d([[3], [0], [3]], [3, 1], 'int32'), x, [4, 2]),
  },
  EMBEDDING_LOOKUP: {
    x: [4, 3],
    xAt: 1,
    more: [int(2, 0, 2)],
    to: (x) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')),
  },
  LSTM: recurrent(
    'lstm',
    [2, 3],
    [
      [0, 4, 'byte'],
      [1, 10, 'float'],
    ],
  ),
  UNIDIRECTIONAL_SEQUENCE_LSTM: [
    recurrent('lstm', [2, 5, 3], [[0, 4, 'byte']]),
    recurrent(
      'lstm',
      [5, 2, 3],
      [
        [0, 1, 'byte'],
        [3, 1, 'byte'],
      ],
    ),
  ],
  RNN: recurrent('simpleRNN', [2, 3], [[0, 4, 'byte']]),
  UNIDIRECTIONAL_SEQUENCE_RNN: recurrent('simpleRNN', [2, 5, 3], [[1, 1, 'byte']]),
};

/** x of 3 features into 4 units; tfjs has all gates in one matrix, TFLite one matrix for each. */
function recurrent(kind: 'lstm' | 'simpleRNN', x: readonly number[], options: OperatorSpec['options']): Case {
  const gates = kind === 'lstm' ? 4 : 1;
  const w = Array.from({ length: gates }, (_, g) => float(20 + g, 4, 3));
  const r = Array.from({ length: gates }, (_, g) => float(30 + g, 4, 4));
  const b = Array.from({ length: gates }, (_, g) => float(40 + g, 4));
  const timeMajor = x.length === 3 && kind === 'lstm' && options!.some(([slot]) => slot === 3);
  const state: LiteTensorSpec = { shape: [2, 4], variable: true };
  const activation = options!.some(([, v, as]) => as === 'byte' && v === 4) ? 'tanh' : 'relu';
  return {
    x,
    more:
      kind === 'lstm'
        ? [...w, ...r, null, null, null, ...b, null, null, state, state]
        : [w[0], r[0], b[0], state],
    options,
    to: (given) => {
      const steps = given.rank === 2 ? tf.expandDims(given, 1) : given;
      const batchFirst = timeMajor ? tf.transpose(steps, [1, 0, 2]) : steps;
      const columns = (list: typeof w) =>
        tf.concat(
          list.map((m) => tf.transpose(asTensor(m))),
          1,
        );
      const weights = [columns(w), columns(r), tf.concat(b.map(asTensor))];
      const config = { units: 4, activation, returnSequences: true, weights } as const;
      const layer =
        kind === 'lstm'
          ? tf.layers.lstm({ ...config, recurrentActivation: 'sigmoid' })
          : tf.layers.simpleRNN(config);
      const y = layer.apply(batchFirst) as T;
      return given.rank === 2 ? tf.squeeze(y, [1]) : timeMajor ? tf.transpose(y, [1, 0, 2]) : y;
    },
  };
}

/** The same readers under other names, tested with graphs. */
const elsewhere = [
  'SELECT',
  'SELECT_V2',
  'LOGICAL_AND',
  'LOGICAL_OR',
  'LOGICAL_NOT',
  'REDUCE_ANY',
  'REDUCE_ALL',
];

function specOf(op: string, c: Case): LiteSpec {
  const given = c.more ?? [];
  const present = given.filter((t) => t !== null);
  let next = 1;
  const ids = given.map((t) => (t === null ? -1 : next++));
  const at = c.xAt ?? 0;
  const inputs = at > ids.length ? ids : [...ids.slice(0, at), 0, ...ids.slice(at)];
  const y = [c.to(tf.tensor(valuesOf(op, c.x), [...c.x]))].flat();
  const outputs = y.map((_, i) => 1 + present.length + i);
  const tensors = [
    { shape: c.x, name: 'x' },
    ...present,
    ...y.map((t) => ({ shape: t.shape, type: t.dtype as 'float32' })),
  ];
  return { tensors, operators: [{ op, inputs, outputs, options: c.options }], inputs: [0], outputs };
}

const valuesOf = (op: string, shape: readonly number[]) =>
  normal(3, sizeOf(shape)).map((v) => (['LOG', 'SQRT', 'RSQRT'].includes(op) ? v * v + 0.1 : v));

async function run(spec: LiteSpec, inputs: Record<string, Tensor>) {
  const { graph } = await readModel({ 'model.tflite': liteFile(spec) });
  const plain = evaluateGraph(graph, inputs);
  const simple = evaluateGraph(simplify(graph), inputs);
  expect(Object.keys(simple)).toEqual(Object.keys(plain));
  return Object.values(simple);
}

function expectClose(ours: Tensor, data: ArrayLike<number>): void {
  const top = Math.max(1e-3, ...Array.from(data, Math.abs));
  expect(ours.data.length).toBe(data.length);
  [...ours.data].forEach((v, k) => void expect(Math.abs(v - data[k])).toBeLessThanOrEqual(2e-5 * top));
}

describe('operators', () => {
  const list = Object.entries(cases).flatMap(([op, c]) =>
    [c].flat().map((one, i) => [i === 0 ? op : `${op} ${i + 1}`, op, one as Case] as const),
  );
  test.each(list)('%s', async (_name, op, c) => {
    const x = valuesOf(op, c.x);
    const ours = await run(specOf(op, c), { x: { dtype: 'float32', shape: c.x, data: x } });
    const theirs = [c.to(tf.tensor(x, [...c.x]))].flat();
    theirs.forEach((y, i) => {
      expect(ours[i].shape).toEqual(y.shape);
      expectClose(ours[i], y.dataSync());
    });
  });

  test('all are in the table', () => {
    expect(
      [...liteReaders.keys()].filter((op) => !Object.hasOwn(cases, op) && !elsewhere.includes(op)),
    ).toEqual([]);
  });
});

/** A dense layer of x [1, 4]: `w` is its weights [3, 4], behind `way` operators. */
const layer = (w: LiteTensorSpec, ...way: string[]): LiteSpec => ({
  tensors: [
    { shape: [1, 4], name: 'x' },
    { shape: [1, 3] },
    w,
    ...way.map(() => ({ shape: [3, 4], type: 'float32' as const })),
  ],
  operators: [
    ...way.map((op, i) => ({ op, inputs: [2 + i], outputs: [3 + i] })),
    { op: 'FULLY_CONNECTED', inputs: [0, 2 + way.length, -1], outputs: [1] },
  ],
  inputs: [0],
  outputs: [1],
});
const x4: Tensor = { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1, -2, 3, 0.5) };
const times = (w: readonly number[]) =>
  [0, 1, 2].map((r) => [0, 1, 2, 3].reduce((s, k) => s + w[r * 4 + k] * x4.data[k], 0));

describe('weights', () => {
  const w = [1, 0, 0.5, -2, 0, 0, 0, 0, 0.25, 4, 0, -1];
  const half = (list: readonly number[]) =>
    Uint16Array.from(list, (v) => {
      if (v === 0) return 0;
      const e = Math.floor(Math.log2(Math.abs(v)));
      return (v < 0 ? 0x8000 : 0) | ((e + 15) << 10) | ((Math.abs(v) / 2 ** e - 1) * 1024);
    });

  test('in half precision behind DEQUANTIZE', async () => {
    const [y] = await run(layer({ shape: [3, 4], type: 'float16', data: bytesOf(half(w)) }, 'DEQUANTIZE'), {
      x: x4,
    });
    expectClose(y, times(w));
  });

  test('of 8 bits, per tensor and per row', async () => {
    const q = [10, -3, 7, 127, -128, 0, 5, 6, 1, 2, 3, 4];
    const data = bytesOf(Int8Array.from(q));
    const one = await run(layer({ shape: [3, 4], type: 'int8', data, scale: [0.5], zero: [3] }), { x: x4 });
    expectClose(one[0], times(q.map((v) => (v - 3) * 0.5)));
    const scale = [0.5, 0.25, 2];
    const rows = await run(layer({ shape: [3, 4], type: 'int8', data, scale, zero: [0, 0, 0] }), { x: x4 });
    expectClose(rows[0], times(q.map((v, i) => v * scale[Math.floor(i / 4)])));
  });

  const csr = (as: Level['as']): Level => ({
    format: 'csr',
    segments: [0, 3, 3, 6],
    indices: [0, 2, 3, 0, 1, 3],
    as,
  });
  const kept = [1, 0.5, -2, 0.25, 4, -1];
  test.each(['int32', 'uint16', 'uint8'] as const)('sparse, indices as %s', async (as) => {
    const sparsity = { order: [0, 1], levels: [{ format: 'dense' as const, size: 3 }, csr(as)] };
    const file = layer(
      { shape: [3, 4], type: 'float16', data: bytesOf(half(kept)), sparsity },
      'DENSIFY',
      'DEQUANTIZE',
    );
    const { graph } = await readModel({ 'm.tflite': liteFile(file) });
    const weights = [...graph.values.values()].find((v) => v.data && v.shape.length === 2)!;
    expect([...weights.data!]).toEqual(w);
    expectClose((await run(file, { x: x4 }))[0], times(w));
  });

  test('sparse in blocks of 1×2', async () => {
    // Blocks: row 0 has column block 0 and 1, row 1 none, row 2 has 0.
    const sparsity = {
      order: [0, 1, 2],
      blocks: [1],
      levels: [
        { format: 'dense', size: 3 },
        { format: 'csr', segments: [0, 2, 2, 3], indices: [0, 1, 0] },
        { format: 'dense', size: 2 },
      ] as Level[],
    };
    const [y] = await run(
      layer({ shape: [3, 4], data: bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)), sparsity }, 'DENSIFY'),
      { x: x4 },
    );
    expectClose(y, times([1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 0, 0]));
  });
});

describe('whole quantization', () => {
  test.each(['int8', 'uint8'] as const)(
    '%s convolution and pool, at most one step from integer arithmetic',
    async (type) => {
      const rng = random(5);
      const zero = type === 'int8' ? -7 : 120;
      const [low, high] = type === 'int8' ? [-128, 127] : [0, 255];
      const [sx, sy] = [0.05, 0.11];
      const sw = [0.01, 0.02, 0.013];
      const make = (n: number) =>
        tensor(
          type,
          [n],
          Array.from({ length: n }, () => low + rng.int(256)),
        ).data as Int8Array;
      const x = make(5 * 5 * 2);
      const w = Int8Array.from({ length: 3 * 2 * 2 * 2 }, () => rng.int(255) - 127);
      const bias = Int32Array.from({ length: 3 }, () => rng.int(4000) - 2000);
      const spec: LiteSpec = {
        tensors: [
          { shape: [1, 5, 5, 2], type, name: 'x', scale: [sx], zero: [zero] },
          { shape: [3, 2, 2, 2], type: 'int8', data: bytesOf(w), scale: sw, zero: [0, 0, 0] },
          {
            shape: [3],
            type: 'int32',
            data: bytesOf(bias),
            scale: sw.map((s) => Math.fround(s) * sx),
            zero: [0, 0, 0],
          },
          { shape: [1, 4, 4, 3], type, scale: [sy], zero: [zero] },
          { shape: [1, 2, 2, 3], type, scale: [sy], zero: [zero] },
        ],
        operators: [
          {
            op: 'CONV_2D',
            inputs: [0, 1, 2],
            outputs: [3],
            options: [
              [0, 1, 'byte'],
              [1, 1, 'int'],
              [2, 1, 'int'],
              [3, 1, 'byte'],
            ],
          },
          {
            op: 'MAX_POOL_2D',
            inputs: [3],
            outputs: [4],
            options: [
              [0, 1, 'byte'],
              [1, 2, 'int'],
              [2, 2, 'int'],
              [3, 2, 'int'],
              [4, 2, 'int'],
            ],
          },
        ],
        inputs: [0],
        outputs: [4],
        signature: { image: 0, classes: 4 },
      };
      const at = (i: number, j: number, c: number) => x[(i * 5 + j) * 2 + c] - zero;
      const conv = (i: number, j: number, o: number) => {
        let sum = bias[o];
        for (let a = 0; a < 2; a++)
          for (let b = 0; b < 2; b++)
            for (let c = 0; c < 2; c++) sum += at(i + a, j + b, c) * w[((o * 2 + a) * 2 + b) * 2 + c];
        return Math.min(high, Math.max(zero, Math.round((sum * sx * sw[o]) / sy) + zero));
      };
      const expected = [0, 1].flatMap((i) =>
        [0, 1].flatMap((j) =>
          [0, 1, 2].map((o) =>
            Math.max(...[0, 1].flatMap((a) => [0, 1].map((b) => conv(2 * i + a, 2 * j + b, o)))),
          ),
        ),
      );
      const { graph } = await readModel({ 'm.tflite': liteFile(spec) });
      const y = evaluateGraph(simplify(graph), {
        image: { dtype: type, shape: [1, 5, 5, 2], data: x },
      }).classes;
      expect(y.dtype).toBe(type);
      expect(new Set(expected).size).toBeGreaterThan(4);
      expected.forEach((v, k) => void expect(Math.abs(y.data[k] - v)).toBeLessThanOrEqual(1));
    },
  );
});

describe('ports', () => {
  const spec = (name: string, signature?: Record<string, number>): LiteSpec => ({
    tensors: [
      { shape: [1, 3], name, signature: [-1, 3] },
      { shape: [1, 3], name: 'Identity:0' },
    ],
    operators: [{ op: 'ABS', inputs: [0], outputs: [1] }],
    inputs: [0],
    outputs: [1],
    signature,
  });

  test('are named by tensors, or by the signature', async () => {
    const plain = await readModel({ 'm.tflite': liteFile(spec('serving_default_x:0')) });
    expect(plain.graph.inputs[0].name).toBe('serving_default_x');
    expect(plain.graph.outputs[0].name).toBe('Identity');
    const named = await readModel({ 'm.tflite': liteFile(spec('x', { picture: 0, size: 1 })) });
    expect([named.graph.inputs[0].name, named.graph.outputs[0].name]).toEqual(['picture', 'size']);
  });

  test('take shapes for open dimensions', async () => {
    const { graph } = await readModel({ 'm.tflite': liteFile(spec('x')) }, { shapes: { x: [4, 3] } });
    expect(graph.values.get(graph.outputs[0].value)!.shape).toEqual([4, 3]);
    await expect(
      readModel({ 'm.tflite': liteFile(spec('x')) }, { shapes: { x: [1, 4] } }),
    ).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});

test('everything that is not supported is listed', async () => {
  const spec: LiteSpec = {
    tensors: [0, 1, 2, 3].map((i) => ({ shape: [1, 3], name: `t${i}` })),
    operators: [
      { op: 'TheirOwnThing', inputs: [0], outputs: [1] },
      { op: 'SVDF', inputs: [1], outputs: [2] },
      { op: 'ABS', inputs: [2], outputs: [3] },
    ],
    inputs: [0],
    outputs: [3],
  };
  const error = (await readModel({ 'm.tflite': liteFile(spec) }).catch((e) => e)) as UnsupportedError;
  expect(error.code).toBe('E_UNSUPPORTED');
  expect(error.items.map((i) => [i.place.node, i.place.op])).toEqual([
    ['t1', 'custom TheirOwnThing'],
    ['t2', 'SVDF'],
  ]);
});
