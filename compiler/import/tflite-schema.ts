/** TFLite's schema (version 3): names of builtin operators, fields of their options, element types. */
import type { JsonObject } from './json.ts';
import type { Table } from './tflite-table.ts';

/** By builtin code; the list is cut behind what TFLite 2.16 knows. */
export const builtins: readonly string[] =
  `ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH
CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP
TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER
GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT
SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN
FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD
ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG
ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL
PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND
HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS
RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT`.split(
    /\s+/,
  );

export const customCode = builtins.indexOf('CUSTOM');

/** Element types by number, under TensorFlow's names. */
export const elementNames = [
  'DT_FLOAT',
  'DT_HALF',
  'DT_INT32',
  'DT_UINT8',
  'DT_INT64',
  'DT_STRING',
  'DT_BOOL',
  'DT_INT16',
  'DT_COMPLEX64',
  'DT_INT8',
  'DT_DOUBLE',
  'DT_COMPLEX128',
  'DT_UINT64',
  'DT_RESOURCE',
  'DT_VARIANT',
  'DT_UINT32',
  'DT_UINT16',
  'DT_INT4',
] as const;

type Field = readonly [
  slot: number,
  name: string,
  as: (t: Table, slot: number) => number | string | boolean | number[],
];

const int = (slot: number, name: string, fallback = 0): Field => [slot, name, (t) => t.i32(slot, fallback)];
const float = (slot: number, name: string): Field => [slot, name, (t) => t.f32(slot)];
const flag = (slot: number, name: string): Field => [slot, name, (t) => t.u8(slot) !== 0];
const word = (slot: number, name: string, words: readonly string[]): Field => [
  slot,
  name,
  (t) => words[t.u8(slot)] ?? `number ${t.u8(slot)}`,
];
const list = (slot: number, name: string): Field => [slot, name, (t) => t.i32s(slot)];

const padding = (slot: number) => word(slot, 'padding', ['SAME', 'VALID']);
const activation = (slot: number) =>
  word(slot, 'fused_activation_function', ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT']);
const pool = [
  padding(0),
  int(1, 'stride_w'),
  int(2, 'stride_h'),
  int(3, 'filter_width'),
  int(4, 'filter_height'),
  activation(5),
];
const arithmetic = [activation(0)];
const reduction = [flag(0, 'keep_dims')];
const corners = (slot: number) => [flag(slot, 'align_corners'), flag(slot + 1, 'half_pixel_centers')];

const options: Readonly<Record<string, readonly Field[]>> = {
  ADD: arithmetic,
  SUB: arithmetic,
  MUL: arithmetic,
  DIV: arithmetic,
  L2_NORMALIZATION: arithmetic,
  CONV_2D: [
    padding(0),
    int(1, 'stride_w'),
    int(2, 'stride_h'),
    activation(3),
    int(4, 'dilation_w_factor', 1),
    int(5, 'dilation_h_factor', 1),
  ],
  DEPTHWISE_CONV_2D: [
    padding(0),
    int(1, 'stride_w'),
    int(2, 'stride_h'),
    activation(4),
    int(5, 'dilation_w_factor', 1),
    int(6, 'dilation_h_factor', 1),
  ],
  CONV_3D: [
    padding(0),
    int(1, 'stride_d'),
    int(2, 'stride_w'),
    int(3, 'stride_h'),
    activation(4),
    int(5, 'dilation_d_factor', 1),
    int(6, 'dilation_w_factor', 1),
    int(7, 'dilation_h_factor', 1),
  ],
  TRANSPOSE_CONV: [padding(0), int(1, 'stride_w'), int(2, 'stride_h'), activation(3)],
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  FULLY_CONNECTED: [
    activation(0),
    word(1, 'weights_format', ['DEFAULT', 'SHUFFLED4x16INT8']),
    flag(2, 'keep_num_dims'),
  ],
  SOFTMAX: [float(0, 'beta')],
  CONCATENATION: [int(0, 'axis'), activation(1)],
  LOCAL_RESPONSE_NORMALIZATION: [int(0, 'radius'), float(1, 'bias'), float(2, 'alpha'), float(3, 'beta')],
  RESIZE_BILINEAR: corners(2),
  RESIZE_NEAREST_NEIGHBOR: corners(0),
  RESHAPE: [list(0, 'new_shape')],
  SPACE_TO_DEPTH: [int(0, 'block_size')],
  DEPTH_TO_SPACE: [int(0, 'block_size')],
  GATHER: [int(0, 'axis'), int(1, 'batch_dims')],
  MEAN: reduction,
  SUM: reduction,
  REDUCE_MAX: reduction,
  REDUCE_MIN: reduction,
  REDUCE_PROD: reduction,
  REDUCE_ANY: reduction,
  REDUCE_ALL: reduction,
  SQUEEZE: [list(0, 'squeeze_dims')],
  SPLIT: [int(0, 'num_splits')],
  SPLIT_V: [int(0, 'num_splits')],
  STRIDED_SLICE: ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map(
    (name, slot) => int(slot, name),
  ),
  LSTM: [
    activation(0),
    float(1, 'cell_clip'),
    float(2, 'proj_clip'),
    word(3, 'kernel_type', ['FULL', 'BASIC']),
  ],
  UNIDIRECTIONAL_SEQUENCE_LSTM: [
    activation(0),
    float(1, 'cell_clip'),
    float(2, 'proj_clip'),
    flag(3, 'time_major'),
  ],
  RNN: [activation(0)],
  UNIDIRECTIONAL_SEQUENCE_RNN: [flag(0, 'time_major'), activation(1)],
  LEAKY_RELU: [float(0, 'alpha')],
  PACK: [int(1, 'axis')],
  UNPACK: [int(1, 'axis')],
  ONE_HOT: [int(0, 'axis')],
  MIRROR_PAD: [word(0, 'mode', ['REFLECT', 'SYMMETRIC'])],
  GELU: [flag(0, 'approximate')],
  BATCH_MATMUL: [flag(0, 'adj_x'), flag(1, 'adj_y')],
  IF: [int(0, 'then_subgraph_index'), int(1, 'else_subgraph_index')],
  WHILE: [int(0, 'cond_subgraph_index'), int(1, 'body_subgraph_index')],
  CUMSUM: [flag(0, 'exclusive'), flag(1, 'reverse')],
};

/** Options of an operator by name; a missing table has all defaults. */
export function optionsOf(builtin: string, table: Table | undefined): JsonObject {
  const fields = Object.hasOwn(options, builtin) ? options[builtin] : [];
  if (!table) return {};
  return Object.fromEntries(fields.map(([slot, name, as]) => [name, as(table, slot)]));
}
