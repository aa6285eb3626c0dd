/** Element types, shapes and dense tensors: the vocabulary that all layers share. */
import { CompileError, type Place } from '../errors.ts';

export type DType = 'float32' | 'int32' | 'bool' | 'int8' | 'uint8';

export type TensorData = Float32Array | Int32Array | Uint8Array | Int8Array;

export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A dense row-major tensor. Booleans are bytes 0 or 1. */
export interface Tensor extends TensorType {
  readonly data: TensorData;
}

export const elementBytes: Record<DType, number> = { float32: 4, int32: 4, bool: 1, int8: 1, uint8: 1 };

/** Limits that keep every size below 2^31 bytes; checked wherever a size is computed from a file. */
export const limits = {
  rank: 8,
  elements: 2 ** 28,
} as const;

/** Product of the dimensions; throws `E_LIMIT` where it is over `limits.elements`, `E_SHAPE` for a bad dimension. */
export function sizeOf(shape: Shape, place: Place = {}): number {
  if (shape.length > limits.rank) {
    throw new CompileError('E_LIMIT', `rank ${shape.length} is over the limit of ${limits.rank}`, place);
  }
  let n = 1;
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0) {
      throw new CompileError('E_SHAPE', `shape [${shape}] has the bad dimension ${d}`, place);
    }
    n *= d;
    if (n > limits.elements) {
      throw new CompileError('E_LIMIT', `shape [${shape}] has over ${limits.elements} elements`, place);
    }
  }
  return n;
}

export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'bool':
    case 'uint8':
      return new Uint8Array(length);
  }
}

/** A tensor over `data`, copied into the right array type where needed. */
export function tensor(dtype: DType, shape: Shape, data?: ArrayLike<number>): Tensor {
  const length = sizeOf(shape);
  if (data === undefined) return { dtype, shape, data: allocate(dtype, length) };
  if (data.length !== length) {
    throw new CompileError('E_SHAPE', `${data.length} values don't fill shape [${shape}]`);
  }
  const empty = allocate(dtype, 0);
  if (data.constructor === empty.constructor) return { dtype, shape, data: data as TensorData };
  const out = allocate(dtype, length);
  for (let i = 0; i < length; i++) out[i] = data[i];
  return { dtype, shape, data: out };
}

/** Row-major element strides. */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let s = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = s;
    s *= shape[i];
  }
  return strides;
}

/** The shape to which all of `shapes` broadcast (numpy rules); throws `E_SHAPE`. */
export function broadcastShapes(shapes: readonly Shape[], place: Place = {}): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const s of shapes) {
    for (let i = 0; i < s.length; i++) {
      const at = rank - s.length + i;
      if (s[i] === 1 || s[i] === out[at]) continue;
      if (out[at] !== 1) {
        throw new CompileError(
          'E_SHAPE',
          `shapes ${shapes.map((x) => `[${x}]`).join(' and ')} don't broadcast`,
          place,
        );
      }
      out[at] = s[i];
    }
  }
  return out;
}

/** `axis` counted from the front; throws `E_SHAPE` outside -rank … rank-1. */
export function normalizeAxis(axis: number, rank: number, place: Place = {}): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a >= rank) {
    throw new CompileError('E_SHAPE', `axis ${axis} is outside rank ${rank}`, place);
  }
  return a;
}

/** Index of the first largest element. */
export function largest(data: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  return best;
}

export const sameShape = (a: Shape, b: Shape) => a.length === b.length && a.every((d, i) => d === b[i]);
