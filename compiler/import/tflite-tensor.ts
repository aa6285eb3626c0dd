/** Tensors of a TFLite file: types, quantization, and the constants among them. */
import { badFormat, badShape, nonFinite, type Place, truncated, unsupported } from '../errors.ts';
import { type DType, rowMajor, type Shape, sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import { decodeFloat16 } from './float16.ts';
import { elementNames } from './tflite-schema.ts';
import { sparsePositions } from './tflite-sparse.ts';
import type { Bytes, Table } from './tflite-table.ts';

/** real = (stored − zero) · scale, one of each or one per index of `axis`. */
export interface Quantization {
  readonly scale: Float32Array;
  readonly zero: readonly number[];
  readonly axis: number;
}

export interface LiteTensor {
  readonly name: string;
  readonly shape: Shape;
  /** −1 where a dimension is open. */
  readonly open: Shape;
  /** As in `elementNames`. */
  readonly type: string;
  readonly quantization?: Quantization;
  readonly buffer: number;
  readonly variable: boolean;
  readonly sparsity?: Table;
  readonly place: Place;
}

/** Names join those of all nodes that were fused. */
const maxLabel = 200;

export function parseTensor(t: Table, index: number, outer: Place): LiteTensor {
  const name = (t.text(3) ?? '').slice(0, maxLabel) || `tensor_${index}`;
  const place = { ...outer, node: name, op: 'tensor' };
  const shape = t.i32s(0);
  sizeOf(shape, place);
  const type = elementNames[t.u8(1)] ?? `type ${t.u8(1)}`;
  const signature = t.i32s(7);
  return {
    name,
    shape,
    open: signature.length === shape.length ? signature : shape,
    type,
    quantization: quantization(t.table(4), shape, place),
    buffer: t.u32(2),
    variable: t.u8(5) !== 0,
    sparsity: t.table(6),
    place,
  };
}

function quantization(q: Table | undefined, shape: Shape, place: Place): Quantization | undefined {
  const scale = q?.f32s(2) ?? [];
  if (!q || scale.length === 0) return undefined;
  const zero = q.i64s(3);
  const axis = q.i32(6);
  if (scale.some((s) => !Number.isFinite(s) || s < 0))
    throw badFormat(`quantization scale ${scale.slice(0, 4)}`, place);
  if (scale.length > 1 && (axis < 0 || shape[axis] !== scale.length))
    throw badShape(`${scale.length} scales along axis ${axis} of [${shape}]`, place);
  if (zero.length !== scale.length && zero.length > 1)
    throw badShape(`${zero.length} zero points for ${scale.length} scales`, place);
  return { scale: Float32Array.from(scale), zero: scale.map((_, i) => zero[i] ?? zero[0] ?? 0), axis };
}

/** What a value of this type is in the graph, as it lies in memory. */
export function storedType(t: LiteTensor): DType {
  switch (t.type) {
    case 'DT_FLOAT':
      return 'float32';
    case 'DT_INT32':
    case 'DT_INT16':
      return 'int32';
    case 'DT_INT8':
      return 'int8';
    case 'DT_UINT8':
      return 'uint8';
    case 'DT_BOOL':
      return 'bool';
    default:
      throw unsupported(`elements of type ${t.type.replace('DT_', '').toLowerCase()}`, t.place);
  }
}

/** Bytes of buffer `index`; the newer form puts them behind the FlatBuffer. */
export function bufferBytes(
  bytes: Bytes,
  buffers: readonly Table[],
  t: LiteTensor,
): Uint8Array<ArrayBuffer> | undefined {
  const buffer = buffers[t.buffer];
  if (!buffer) throw badFormat(`there is no buffer ${t.buffer}`, t.place);
  if (buffer.u64(1) > 1) return bytes.slice(buffer.u64(1), buffer.u64(2));
  const raw = buffer.raw(0);
  return raw && raw.length > 0 ? raw : undefined;
}

/** A constant as the numbers that it stands for: dense, dequantized; float16 as float32, int64 as int32. */
export function decodeTensor(t: LiteTensor, raw: Uint8Array<ArrayBuffer>, allowNonfinite = false): Tensor {
  const size = sizeOf(t.shape, t.place);
  const at = t.sparsity && sparsePositions(t.sparsity, t.shape, t.place);
  const stored = elements(t, raw, at ? at.length : size);
  const dense = at ? scatter(stored, at, size) : stored;
  const data = t.quantization ? dequantize(t, dense) : dense;
  const dtype = t.quantization ? 'float32' : typeOfData(t, data);
  if (data instanceof Float32Array && !allowNonfinite) {
    const bad = data.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);
    if (bad > 0) throw nonFinite(`tensor ${JSON.stringify(t.name)}`, bad, t.place);
  }
  if (dtype === 'bool' && data.some((v) => v > 1)) throw badFormat('booleans must be 0 or 1', t.place);
  return { dtype, shape: t.shape, data };
}

const typeOfData = (t: LiteTensor, data: TensorData): DType =>
  data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : storedType(t);

function elements(t: LiteTensor, raw: Uint8Array<ArrayBuffer>, count: number): TensorData {
  const bits: Record<string, number> = {
    DT_FLOAT: 32,
    DT_HALF: 16,
    DT_INT32: 32,
    DT_UINT8: 8,
    DT_INT8: 8,
    DT_INT64: 64,
    DT_BOOL: 8,
    DT_INT16: 16,
    DT_DOUBLE: 64,
    DT_INT4: 4,
  };
  if (!Object.hasOwn(bits, t.type))
    throw unsupported(`constants of type ${t.type.replace('DT_', '').toLowerCase()}`, t.place);
  const need = Math.ceil((count * bits[t.type]) / 8);
  const what = `${raw.length} bytes, but ${count} elements need ${need}`;
  if (raw.length < need) throw truncated(what, t.place);
  if (raw.length > need) throw badFormat(what, t.place);
  const { buffer } = raw;
  switch (t.type) {
    case 'DT_FLOAT':
      return new Float32Array(buffer);
    case 'DT_HALF':
      return decodeFloat16(new Uint16Array(buffer));
    case 'DT_INT32':
      return new Int32Array(buffer);
    case 'DT_INT64':
      return Int32Array.from(new BigInt64Array(buffer), (v) => narrow(v, t));
    case 'DT_DOUBLE':
      return Float32Array.from(new Float64Array(buffer));
    case 'DT_INT16':
      return Int32Array.from(new Int16Array(buffer));
    case 'DT_INT8':
      return new Int8Array(buffer);
    case 'DT_INT4':
      // The low half first, each with its sign.
      return Int8Array.from({ length: count }, (_, i) => (raw[i >> 1] << (i & 1 ? 24 : 28)) >> 28);
    default:
      return raw;
  }
}

function narrow(v: bigint, t: LiteTensor): number {
  if (BigInt.asIntN(32, v) !== v) {
    // "To the end" is often spelled as the largest number there is.
    if (v > 0n && v > 2n ** 62n) return 2 ** 31 - 1;
    throw unsupported(`the 64-bit number ${v}`, t.place);
  }
  return Number(v);
}

function scatter(values: TensorData, at: Int32Array, size: number): TensorData {
  const out = new (values.constructor as Float32ArrayConstructor)(size);
  at.forEach((position, i) => {
    out[position] = values[i];
  });
  return out;
}

function dequantize(t: LiteTensor, data: TensorData): Float32Array {
  const { scale, zero, axis } = t.quantization!;
  const stride = scale.length === 1 ? data.length || 1 : rowMajor(t.shape)[axis];
  return Float32Array.from(data as ArrayLike<number>, (v, i) => {
    const c = scale.length === 1 ? 0 : Math.floor(i / stride) % scale.length;
    return (v - zero[c]) * scale[c];
  });
}
