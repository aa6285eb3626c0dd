/**
 * TensorProto → Tensor. Element types that espalier does not have become the one that holds them: 16-bit and 64-bit floats
 * float32, other integers int32, where an int64 out of range is an error unless it only means "to the end".
 */
import { type SparseTensorProto, type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { badFormat, badShape, overLimit, type Place, truncated, unsupported } from '../errors.ts';
import { allocate, type DType, rowMajor, sizeOf, type Tensor, type TensorData } from '../ir/tensor.ts';
import type { ModelFiles } from './files.ts';
import { decodeFloat16 } from './float16.ts';

type Field = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';

interface ElementType {
  readonly name: string;
  readonly dtype: DType;
  /** In `rawData`. */
  readonly bytes: number;
  /** Where elements lie that aren't raw. */
  readonly field: Field;
  decode(raw: ArrayBuffer): ArrayLike<number | bigint>;
  /** What an element of `field` stands for; absent: itself. */
  fromField?(list: number[]): ArrayLike<number>;
}

const bfloat16 = (bits: Uint16Array) => new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);

// biome-ignore format: a table
const elementTypes: Readonly<Record<number, ElementType>> = {
  1: { name: 'float', dtype: 'float32', bytes: 4, field: 'floatData', decode: (b) => new Float32Array(b) },
  2: { name: 'uint8', dtype: 'uint8', bytes: 1, field: 'int32Data', decode: (b) => new Uint8Array(b) },
  3: { name: 'int8', dtype: 'int8', bytes: 1, field: 'int32Data', decode: (b) => new Int8Array(b) },
  4: { name: 'uint16', dtype: 'int32', bytes: 2, field: 'int32Data', decode: (b) => new Uint16Array(b) },
  5: { name: 'int16', dtype: 'int32', bytes: 2, field: 'int32Data', decode: (b) => new Int16Array(b) },
  6: { name: 'int32', dtype: 'int32', bytes: 4, field: 'int32Data', decode: (b) => new Int32Array(b) },
  7: { name: 'int64', dtype: 'int32', bytes: 8, field: 'int64Data', decode: (b) => new BigInt64Array(b) },
  9: { name: 'bool', dtype: 'bool', bytes: 1, field: 'int32Data', decode: (b) => new Uint8Array(b) },
  10: { name: 'float16', dtype: 'float32', bytes: 2, field: 'int32Data', decode: (b) => decodeFloat16(new Uint16Array(b)), fromField: (l) => decodeFloat16(Uint16Array.from(l)) },
  11: { name: 'double', dtype: 'float32', bytes: 8, field: 'doubleData', decode: (b) => new Float64Array(b) },
  12: { name: 'uint32', dtype: 'int32', bytes: 4, field: 'uint64Data', decode: (b) => new Uint32Array(b) },
  13: { name: 'uint64', dtype: 'int32', bytes: 8, field: 'uint64Data', decode: (b) => new BigUint64Array(b) },
  16: { name: 'bfloat16', dtype: 'float32', bytes: 2, field: 'int32Data', decode: (b) => bfloat16(new Uint16Array(b)), fromField: (l) => bfloat16(Uint16Array.from(l)) },
};

const otherTypes: Readonly<Record<number, string>> = { 8: 'string', 14: 'complex64', 15: 'complex128' };

/** The element type behind an ONNX type number; throws `E_FORMAT` for none, `E_UNSUPPORTED`. */
export function dtypeOf(type: number, place: Place): DType {
  return elementType(type, place).dtype;
}

function elementType(type: number, place: Place): ElementType {
  if (type === 0) throw badFormat('an element type is missing', place);
  if (!Object.hasOwn(elementTypes, type))
    throw unsupported(`element type ${otherTypes[type] ?? `number ${type}`}`, place);
  return elementTypes[type];
}

/** Sizes from a file; throws `E_SHAPE` below 0, `E_LIMIT`. */
export function shapeOf(dims: readonly bigint[], place: Place): number[] {
  const shape = dims.map((d) => {
    if (d < 0n) throw badShape(`shape [${dims}] has the bad dimension ${d}`, place);
    return d > 2n ** 31n ? 2 ** 31 : Number(d);
  });
  sizeOf(shape, place);
  return shape;
}

const [low, high] = [-(2 ** 31), 2 ** 31 - 1];

/** An int64 as int32; beyond ±2^62 only "to the end" can be meant. Throws `E_LIMIT`. */
export function narrow(v: bigint | number, place: Place): number {
  const n = Number(v);
  if (n >= low && n <= high) return n;
  if (Math.abs(n) >= 2 ** 62) return n < 0 ? low : high;
  throw overLimit('an integer', n, n < 0 ? low : high, place);
}

/** Tensors of one model, with the files that hold their bytes. */
export class TensorReader {
  readonly #files: ModelFiles;
  readonly #read = new Map<string, Uint8Array>();

  constructor(files: ModelFiles) {
    this.#files = files;
  }

  /** Throws `E_FORMAT`, `E_TRUNCATED`, `E_SHAPE`, `E_LIMIT`, `E_UNSUPPORTED`, `E_PATH`, `E_IO`. */
  tensor(t: TensorProto, place: Place): Tensor {
    const type = elementType(t.dataType, place);
    const shape = shapeOf(t.dims, place);
    if (t.segment) throw unsupported('a tensor in segments', place);
    const values = this.#values(t, type, sizeOf(shape), place);
    return { dtype: type.dtype, shape, data: convert(type, values, place) };
  }

  sparse(s: SparseTensorProto, place: Place): Tensor {
    if (!s.values || !s.indices) throw badFormat('a sparse tensor lacks values or indices', place);
    const shape = shapeOf(s.dims, place);
    const values = this.tensor(s.values, place);
    const indices = this.tensor(s.indices, place);
    const n = values.data.length;
    const strides = rowMajor(shape);
    const axes = indices.shape.length === 1 ? [[sizeOf(shape), 1]] : shape.map((d, i) => [d, strides[i]]);
    const linear = indices.shape.length === 1 || indices.shape[1] === shape.length;
    if (values.shape.length !== 1 || indices.shape.length > 2 || indices.shape[0] !== n || !linear)
      throw badShape(`indices [${indices.shape}] don't fit ${n} values of [${shape}]`, place);
    const data = allocate(values.dtype, sizeOf(shape));
    for (let k = 0; k < n; k++) {
      let at = 0;
      axes.forEach(([size, stride], i) => {
        const index = indices.data[k * axes.length + i];
        if (index < 0 || index >= size) throw badShape(`index ${index} is outside ${size}`, place);
        at += index * stride;
      });
      data[at] = values.data[k];
    }
    return { dtype: values.dtype, shape, data };
  }

  #values(t: TensorProto, type: ElementType, size: number, place: Place): ArrayLike<number | bigint> {
    const typed = (['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'] as const).filter(
      (f) => t[f].length > 0,
    );
    if (t.stringData.length > 0) throw badFormat(`${type.name} elements as strings`, place);
    const external = t.dataLocation === TensorProto_DataLocation.EXTERNAL;
    if (
      (external || t.rawData.length > 0 ? 1 : 0) + (external && t.rawData.length > 0 ? 1 : 0) + typed.length >
      1
    )
      throw badFormat('elements are given twice', place);
    if (external) return type.decode(this.#external(t, size * type.bytes, place));
    if (typed.length === 0) {
      checkLength(t.rawData.length, size * type.bytes, 'bytes', place);
      return type.decode(new Uint8Array(t.rawData).buffer);
    }
    if (typed[0] !== type.field) throw badFormat(`${type.name} elements as ${typed[0]}`, place);
    const list = t[type.field];
    checkLength(list.length, size, 'elements', place);
    return type.fromField?.(list as number[]) ?? list;
  }

  #external(t: TensorProto, bytes: number, place: Place): ArrayBuffer {
    const entries = new Map(t.externalData.map((e) => [e.key, e.value]));
    const path = entries.get('location');
    if (!path) throw badFormat('external data without a location', place);
    const offset = whole(entries.get('offset') ?? '0', 'offset', place);
    const length = entries.has('length') ? whole(entries.get('length')!, 'length', place) : bytes;
    checkLength(length, bytes, 'bytes', place);
    const size = this.#files.size(path);
    if (offset + length > size)
      throw truncated(`bytes ${offset} to ${offset + length} of ${path}, which has ${size}`, place);
    let file = this.#read.get(path);
    if (!file) {
      file = this.#files.read(path);
      this.#read.set(path, file);
    }
    return new Uint8Array(file.subarray(offset, offset + length)).buffer;
  }
}

function whole(text: string, what: string, place: Place): number {
  const n = Number(text);
  if (!/^\d{1,15}$/.test(text)) throw badFormat(`${what} ${JSON.stringify(text.slice(0, 40))}`, place);
  return n;
}

function checkLength(have: number, need: number, what: string, place: Place): void {
  if (have < need) throw truncated(`${have} ${what} of ${need}`, place);
  if (have > need) throw badFormat(`${have} ${what}, but the shape needs ${need}`, place);
}

function convert(type: ElementType, values: ArrayLike<number | bigint>, place: Place): TensorData {
  const data = allocate(type.dtype, values.length);
  if (data.constructor === values.constructor && type.dtype !== 'bool') return values as TensorData;
  const integer = type.dtype !== 'float32';
  for (let i = 0; i < data.length; i++) data[i] = integer ? narrow(values[i], place) : Number(values[i]);
  if (type.dtype === 'bool' && data.some((v) => v > 1)) throw badFormat('booleans must be 0 or 1', place);
  return data;
}
