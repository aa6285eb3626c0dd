/** tfjs GraphModels: every name of a node that we read, against tfjs-converter on tfjs's plain backend. */
import { describe, expect, test } from 'vitest';
import { readModel } from '../../compiler/import/index.ts';
import { graphReaders } from '../../compiler/import/reader-names.ts';
import { simplify } from '../../compiler/passes/index.ts';
import { evaluateGraph } from '../../compiler/semantics/evaluate.ts';
import {
  floats,
  type GraphSpec,
  graphFiles,
  int,
  ints,
  type NodeLine,
  runGraph,
  type Weight,
} from './graph-models.ts';

const image = { x: { shape: [1, 6, 7, 4] } };
const pair = { x: { shape: [2, 3, 4] }, y: { shape: [4] } };
const same = { padding: 'SAME', data_format: 'NHWC', strides: [1, 2, 2, 1], dilations: [1, 1, 1, 1] };

const one = (
  op: string,
  attrs?: NodeLine[3],
  weights: Record<string, Weight> = {},
  inputs = image as GraphSpec['inputs'],
): GraphSpec => ({
  inputs,
  weights,
  nodes: [['r', op, [...Object.keys(inputs), ...Object.keys(weights)], attrs]],
});
const first = (op: string, attrs: NodeLine[3], weights: Record<string, Weight>): GraphSpec => ({
  inputs: image,
  weights,
  nodes: [['r', op, [...Object.keys(weights), 'x'], attrs]],
});
/** On positive numbers. */
const positive = (op: string): GraphSpec => ({
  inputs: image,
  nodes: [
    ['p', 'Square', ['x']],
    ['r', op, ['p']],
  ],
});
/** On numbers between −1 and 1. */
const unit = (op: string): GraphSpec => ({
  inputs: image,
  nodes: [
    ['p', 'Tanh', ['x']],
    ['r', op, ['p']],
  ],
});
const logic = (op: string): GraphSpec => ({
  inputs: { x: { shape: [2, 5] }, y: { shape: [2, 5] } },
  weights: { zero: { shape: [], values: [0] } },
  nodes: [
    ['a', 'Greater', ['x', 'zero']],
    ['b', 'Greater', ['y', 'zero']],
    ['r', op, op === 'LogicalNot' ? ['a'] : ['a', 'b']],
  ],
});
const split = (node: NodeLine, weights: Record<string, Weight>, count: number): GraphSpec => ({
  inputs: image,
  weights,
  nodes: [node],
  outputs: Array.from({ length: count }, (_, i) => `r:${i}`),
});

const cases: Record<string, GraphSpec | readonly GraphSpec[]> = {
  ...Object.fromEntries(
    [
      'Abs',
      'Ceil',
      'Cos',
      'Cosh',
      'Elu',
      'Erf',
      'Exp',
      'Expm1',
      'Floor',
      'Neg',
      'Relu',
      'Relu6',
      'Round',
      'Selu',
      'Sigmoid',
      'Sign',
      'Sin',
      'Sinh',
      'Softplus',
      'Square',
      'Tan',
      'Tanh',
      'Atan',
      'Asinh',
      'Softmax',
      'LogSoftmax',
      'Identity',
      'Snapshot',
      'StopGradient',
      'ZerosLike',
      'OnesLike',
    ].map((op) => [op, one(op)]),
  ),
  ...Object.fromEntries(['Log', 'Log1p', 'Rsqrt', 'Sqrt', 'Reciprocal'].map((op) => [op, positive(op)])),
  ...Object.fromEntries(['Acos', 'Asin', 'Atanh'].map((op) => [op, unit(op)])),
  Acosh: {
    inputs: image,
    nodes: [
      ['p', 'Exp', ['x']],
      ['q', 'Cosh', ['p']],
      ['r', 'Acosh', ['q']],
    ],
  },
  ...Object.fromEntries(
    [
      'Add',
      'AddV2',
      'Sub',
      'Mul',
      'Div',
      'RealDiv',
      'Maximum',
      'Minimum',
      'SquaredDifference',
      'Atan2',
      'Equal',
      'NotEqual',
      'Greater',
      'GreaterEqual',
      'Less',
      'LessEqual',
      'FloorDiv',
      'FloorMod',
    ].map((op) => [op, one(op, {}, {}, pair)]),
  ),
  Pow: {
    inputs: pair,
    nodes: [
      ['p', 'Abs', ['x']],
      ['r', 'Pow', ['p', 'y']],
    ],
  },
  ...Object.fromEntries(['LogicalAnd', 'LogicalOr', 'LogicalNot'].map((op) => [op, logic(op)])),
  IsNan: {
    inputs: image,
    nodes: [
      ['p', 'Log', ['x']],
      ['r', 'IsNan', ['p']],
    ],
  },
  AddN: {
    inputs: { a: { shape: [3] }, b: { shape: [3] }, c: { shape: [3] } },
    nodes: [['r', 'AddN', ['a', 'b', 'c'], { N: 3 }]],
  },
  BiasAdd: one('BiasAdd', { data_format: 'NHWC' }, { b: floats(1, 4) }),
  ClipByValue: one(
    'ClipByValue',
    {},
    { lo: { shape: [], values: [-0.5] }, hi: { shape: [], values: [0.25] } },
  ),
  LeakyRelu: one('LeakyRelu', { alpha: { f: 0.3 } }),
  Prelu: one('Prelu', {}, { s: floats(2, 1, 1, 4) }),
  Cast: one('Cast', { SrcT: 'DT_FLOAT', DstT: 'DT_INT32' }),
  Select: {
    inputs: pair,
    nodes: [
      ['c', 'Greater', ['x', 'y']],
      ['r', 'SelectV2', ['c', 'x', 'y']],
    ],
  },
  SelectV2: {
    inputs: pair,
    nodes: [
      ['c', 'Less', ['x', 'y']],
      ['r', 'SelectV2', ['c', 'x', 'y']],
    ],
  },
  Conv2D: [
    one('Conv2D', same, { w: floats(1, 3, 3, 4, 5) }),
    one(
      'Conv2D',
      { ...same, padding: 'VALID', strides: [1, 1, 1, 1], dilations: [1, 2, 1, 1] },
      { w: floats(1, 2, 3, 4, 5) },
    ),
    one(
      'Conv2D',
      { ...same, padding: 'EXPLICIT', explicit_paddings: [0, 0, 2, 1, 0, 1, 0, 0] },
      { w: floats(1, 3, 3, 4, 5) },
    ),
  ],
  _FusedConv2D: [
    one(
      '_FusedConv2D',
      { ...same, num_args: 1, fused_ops: ['BiasAdd', 'Relu6'] },
      { w: floats(1, 3, 3, 4, 5), b: floats(2, 5) },
    ),
    one(
      '_FusedConv2D',
      { ...same, num_args: 1, fused_ops: ['BiasAdd'] },
      { w: floats(1, 1, 1, 4, 5), b: floats(2, 5) },
    ),
    one(
      '_FusedConv2D',
      { ...same, num_args: 2, fused_ops: ['BiasAdd', 'Prelu'] },
      { w: floats(1, 3, 3, 4, 5), b: floats(2, 5), s: floats(3, 5) },
    ),
    one(
      '_FusedConv2D',
      { ...same, num_args: 1, fused_ops: ['BiasAdd', 'LeakyRelu'], leakyrelu_alpha: { f: 0.1 } },
      { w: floats(1, 3, 3, 4, 5), b: floats(2, 5) },
    ),
    one(
      '_FusedConv2D',
      { ...same, num_args: 1, fused_ops: ['BiasAdd', 'Elu'] },
      { w: floats(1, 3, 3, 4, 5), b: floats(2, 5) },
    ),
  ],
  DepthwiseConv2dNative: one('DepthwiseConv2dNative', same, { w: floats(1, 3, 3, 4, 2) }),
  FusedDepthwiseConv2dNative: one(
    'FusedDepthwiseConv2dNative',
    { ...same, num_args: 1, fused_ops: ['BiasAdd', 'Relu'] },
    { w: floats(1, 3, 3, 4, 1), b: floats(2, 4) },
  ),
  Conv2DBackpropInput: ['SAME', 'VALID'].map((padding) =>
    first(
      'Conv2DBackpropInput',
      { ...same, padding },
      { s: ints(1, padding === 'SAME' ? 12 : 13, padding === 'SAME' ? 13 : 15, 3), w: floats(1, 3, 3, 3, 4) },
    ),
  ),
  Conv3D: one(
    'Conv3D',
    { padding: 'SAME', data_format: 'NDHWC', strides: [1, 1, 2, 1, 1], dilations: [1, 1, 1, 1, 1] },
    { w: floats(1, 2, 3, 2, 3, 4) },
    { x: { shape: [1, 3, 5, 4, 3] } },
  ),
  MatMul: [
    one('MatMul', {}, { w: floats(1, 6, 5) }, { x: { shape: [3, 6] } }),
    one('MatMul', { transpose_b: true }, { w: floats(1, 5, 6) }, { x: { shape: [3, 6] } }),
    one('MatMul', { transpose_a: true }, {}, { x: { shape: [6, 3] }, y: { shape: [6, 2] } }),
  ],
  _FusedMatMul: one(
    '_FusedMatMul',
    { num_args: 1, fused_ops: ['BiasAdd', 'Sigmoid'] },
    { w: floats(1, 6, 5), b: floats(2, 5) },
    { x: { shape: [3, 6] } },
  ),
  BatchMatMul: one('BatchMatMul', { adj_y: true }, {}, { x: { shape: [2, 3, 4] }, y: { shape: [2, 5, 4] } }),
  BatchMatMulV2: one(
    'BatchMatMulV2',
    { adj_x: true },
    {},
    { x: { shape: [2, 4, 3] }, y: { shape: [2, 4, 5] } },
  ),
  MaxPool: one('MaxPool', { ...same, ksize: [1, 3, 2, 1] }),
  AvgPool: one('AvgPool', { ...same, ksize: [1, 3, 3, 1] }),
  MaxPool3D: one(
    'MaxPool3D',
    { padding: 'VALID', ksize: [1, 2, 2, 2, 1], strides: [1, 1, 2, 1, 1] },
    {},
    { x: { shape: [1, 3, 4, 4, 2] } },
  ),
  AvgPool3D: one(
    'AvgPool3D',
    { padding: 'SAME', ksize: [1, 2, 2, 2, 1], strides: [1, 1, 2, 1, 1] },
    {},
    { x: { shape: [1, 3, 4, 4, 2] } },
  ),
  ...Object.fromEntries(
    ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => [
      op,
      one(
        op,
        { epsilon: { f: 0.01 }, is_training: false },
        { g: floats(1, 4), b: floats(2, 4), m: floats(3, 4), v: { shape: [4], values: [0.5, 1, 2, 0.1] } },
      ),
    ]),
  ),
  ...Object.fromEntries(
    ['Mean', 'Sum', 'Max', 'Min', 'Prod'].map((op) => [
      op,
      [one(op, { keep_dims: true }, { a: ints(1, 2) }), one(op, { keep_dims: false }, { a: ints(-1) })],
    ]),
  ),
  ...Object.fromEntries(
    ['All', 'Any'].map((op) => [
      op,
      {
        inputs: { x: { shape: [3, 4] } },
        weights: { z: { shape: [], values: [-0.3] }, a: ints(1) },
        nodes: [
          ['b', 'Greater', ['x', 'z']],
          ['r', op, ['b', 'a'], { keep_dims: false }],
        ],
      } satisfies GraphSpec,
    ]),
  ),
  ArgMax: one('ArgMax', {}, { a: int(-1) }),
  ArgMin: one('ArgMin', {}, { a: int(1) }),
  Reshape: one('Reshape', {}, { s: ints(-1, 14) }),
  Squeeze: one('Squeeze', { squeeze_dims: [0] }),
  ExpandDims: one('ExpandDims', {}, { a: int(-2) }),
  Shape: one('Shape'),
  Rank: one('Rank'),
  Size: one('Size'),
  ConcatV2: {
    inputs: { x: { shape: [2, 3] }, y: { shape: [2, 4] } },
    weights: { a: int(-1) },
    nodes: [['r', 'ConcatV2', ['x', 'y', 'a'], { N: 2 }]],
  },
  Concat: {
    inputs: { x: { shape: [2, 3] }, y: { shape: [2, 4] } },
    weights: { a: int(1) },
    nodes: [['r', 'Concat', ['a', 'x', 'y'], { N: 2 }]],
  },
  Pack: {
    inputs: { x: { shape: [2, 3] }, y: { shape: [2, 3] } },
    nodes: [['r', 'Pack', ['x', 'y'], { axis: 1, N: 2 }]],
  },
  Unpack: split(['r', 'Unpack', ['x'], { axis: 2, num: 7 }], {}, 7),
  Split: split(['r', 'Split', ['a', 'x'], { num_split: 2 }], { a: int(3) }, 2),
  SplitV: split(['r', 'SplitV', ['x', 's', 'a'], { num_split: 3 }], { s: ints(1, 4, 2), a: int(2) }, 3),
  Slice: one('Slice', {}, { b: ints(0, 1, 2, 0), s: ints(1, 3, -1, 2) }),
  StridedSlice: [
    one(
      'StridedSlice',
      { begin_mask: 1, end_mask: 4 },
      { b: ints(5, 1, -5), e: ints(1, 6, 0), s: ints(1, 2, 1) },
    ),
    one(
      'StridedSlice',
      { shrink_axis_mask: 2, begin_mask: 0, end_mask: 0 },
      { b: ints(0, -2), e: ints(1, 0), s: ints(1, 1) },
    ),
    one(
      'StridedSlice',
      { ellipsis_mask: 1, new_axis_mask: 2 },
      { b: ints(0, 0, 1), e: ints(0, 0, 3), s: ints(1, 1, 1) },
    ),
    one('StridedSlice', { begin_mask: 2, end_mask: 2 }, { b: ints(0, 0), e: ints(1, 0), s: ints(1, -2) }),
  ],
  ReverseV2: one('ReverseV2', {}, { a: ints(1, -1) }),
  Pad: one('Pad', {}, { p: { shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 0], dtype: 'int32' } }),
  PadV2: one(
    'PadV2',
    {},
    {
      p: { shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 0], dtype: 'int32' },
      v: { shape: [], values: [-7] },
    },
  ),
  MirrorPad: [
    one(
      'MirrorPad',
      { mode: 'REFLECT' },
      { p: { shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 0], dtype: 'int32' } },
    ),
    one(
      'MirrorPad',
      { mode: 'SYMMETRIC' },
      { p: { shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 0], dtype: 'int32' } },
    ),
  ],
  SpaceToBatchND: one(
    'SpaceToBatchND',
    {},
    { b: ints(2, 3), p: { shape: [2, 2], values: [1, 1, 2, 0], dtype: 'int32' } },
  ),
  BatchToSpaceND: one(
    'BatchToSpaceND',
    {},
    { b: ints(2, 3), c: { shape: [2, 2], values: [1, 1, 2, 0], dtype: 'int32' } },
    { x: { shape: [12, 3, 4, 2] } },
  ),
  Transpose: one('Transpose', {}, { p: ints(0, 3, 1, 2) }),
  Tile: one('Tile', {}, { m: ints(2, 1, 1, 3) }),
  BroadcastTo: one('BroadcastTo', {}, { s: ints(2, 3, 4) }, { x: { shape: [3, 1] } }),
  Fill: {
    inputs: { x: { shape: [2, 3] } },
    weights: { d: ints(2, 3), v: { shape: [], values: [1.5] } },
    nodes: [
      ['f', 'Fill', ['d', 'v']],
      ['r', 'Add', ['x', 'f']],
    ],
  },
  Range: {
    inputs: { x: { shape: [4], dtype: 'int32' } },
    weights: { a: int(1), b: int(9), c: int(2) },
    nodes: [
      ['f', 'Range', ['a', 'b', 'c'], { Tidx: 'DT_INT32' }],
      ['r', 'Add', ['x', 'f'], { T: 'DT_INT32' }],
    ],
  },
  GatherV2: [
    one('GatherV2', {}, { i: ints(3, 0, 1), a: int(3) }),
    {
      inputs: { x: { shape: [5, 3] }, i: { shape: [2, 2], dtype: 'int32', below: 5 } },
      weights: { a: int(0) },
      nodes: [['r', 'GatherV2', ['x', 'i', 'a']]],
    },
  ],
  Gather: one('Gather', {}, { i: ints(2, 0) }, { x: { shape: [5, 3] } }),
  GatherNd: one(
    'GatherNd',
    {},
    { i: { shape: [2, 2], values: [4, 0, 1, 2], dtype: 'int32' } },
    { x: { shape: [5, 3] } },
  ),
  ResizeBilinear: [
    one('ResizeBilinear', { half_pixel_centers: true, align_corners: false }, { s: ints(12, 5) }),
    one('ResizeBilinear', { half_pixel_centers: false, align_corners: true }, { s: ints(9, 13) }),
    one('ResizeBilinear', { half_pixel_centers: false, align_corners: false }, { s: ints(9, 13) }),
  ],
  ResizeNearestNeighbor: [
    one('ResizeNearestNeighbor', { half_pixel_centers: true, align_corners: false }, { s: ints(12, 5) }),
    one('ResizeNearestNeighbor', { half_pixel_centers: false, align_corners: true }, { s: ints(9, 13) }),
    one('ResizeNearestNeighbor', { half_pixel_centers: false, align_corners: false }, { s: ints(9, 13) }),
  ],
  DepthToSpace: one('DepthToSpace', { block_size: 2, data_format: 'NHWC' }),
  OneHot: {
    inputs: { x: { shape: [5], dtype: 'int32', below: 4 } },
    weights: { d: int(4), on: { shape: [], values: [2] }, off: { shape: [], values: [-1] } },
    nodes: [['r', 'OneHot', ['x', 'd', 'on', 'off'], { axis: -1, dtype: 'DT_FLOAT' }]],
  },
  Cumsum: [
    one('Cumsum', { exclusive: true, reverse: false }, { a: int(1) }),
    one('Cumsum', { exclusive: false, reverse: true }, { a: int(2) }),
  ],
  TopKV2: split(['r', 'TopKV2', ['x', 'k'], { sorted: true }], { k: int(3) }, 2),
  LRN: one('LRN', { depth_radius: 1, bias: { f: 1.5 }, alpha: { f: 0.3 }, beta: { f: 0.5 } }),
  Einsum: [
    {
      inputs: { x: { shape: [2, 3, 4] } },
      weights: { w: floats(1, 4, 2, 5) },
      nodes: [['r', 'Einsum', ['x', 'w'], { equation: 'bsd,dhk->bshk', N: 2 }]],
    },
    {
      inputs: { x: { shape: [2, 3, 4] }, y: { shape: [2, 5, 4] } },
      nodes: [['r', 'Einsum', ['x', 'y'], { equation: 'bqd,bkd->bqk', N: 2 }]],
    },
  ],
  ScatterNd: {
    inputs: { x: { shape: [4, 2] } },
    weights: { i: { shape: [4, 1], values: [3, 0, 3, 5], dtype: 'int32' }, s: ints(6, 2) },
    nodes: [['r', 'ScatterNd', ['i', 'x', 's'], { Tindices: 'DT_INT32' }]],
  },
  TensorScatterUpdate: {
    inputs: { x: { shape: [5, 3] } },
    weights: { i: { shape: [2, 2], values: [4, 1, 0, 2], dtype: 'int32' }, u: floats(2, 2) },
    nodes: [['r', 'TensorScatterUpdate', ['x', 'i', 'u'], { Tindices: 'DT_INT32' }]],
  },
  Mod: one('Mod', {}, {}, { x: { shape: [3, 4] }, y: { shape: [4] } }),
};

/** tfjs-converter doesn't read these, or fails on them. */
const unread = [
  'BitwiseAnd',
  'Inv',
  'Softsign',
  'IsInf',
  'PreventGradient',
  'CheckNumerics',
  'PlaceholderWithDefault',
  'IdentityN',
  'SpaceToDepth',
  'EuclideanNorm',
];

describe('nodes', () => {
  const list = Object.entries(cases).flatMap(([op, spec]) =>
    [spec].flat().map((s, i) => [i === 0 ? op : `${op} ${i + 1}`, s] as const),
  );
  test.each(list)('%s', async (_op, spec) => {
    const files = graphFiles(spec as GraphSpec);
    const { inputs, outputs } = runGraph(spec as GraphSpec, files);
    const { graph } = await readModel(files);
    for (const g of [graph, simplify(graph)]) {
      const ours = evaluateGraph(g, inputs);
      outputs.forEach((y, i) => {
        const mine = ours[`out${i}`];
        expect(mine.shape).toEqual(y.shape);
        const top = Math.max(1e-3, ...y.data.filter(Number.isFinite).map(Math.abs));
        [...mine.data].forEach((v, k) => {
          if (!Number.isFinite(y.data[k])) expect(v).toEqual(y.data[k]);
          else expect(Math.abs(v - y.data[k])).toBeLessThanOrEqual(2e-5 * top);
        });
      });
    }
  });

  test('all are in the table', () => {
    const missing = [...graphReaders.keys()].filter(
      (op) => !Object.hasOwn(cases, op) && !unread.includes(op),
    );
    expect(missing).toEqual([]);
  });
});
