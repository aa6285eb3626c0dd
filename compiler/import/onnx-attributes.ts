/** Attributes of an ONNX node, typed access. */
import { type AttributeProto, AttributeProto_AttributeType as Type } from 'onnx-buf';
import { badFormat, type Place, unsupported } from '../errors.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Config } from '../ops/define.ts';
import { text } from './onnx-proto.ts';
import { narrow, type TensorReader } from './onnx-tensor.ts';

export class Attributes implements Config {
  readonly #all = new Map<string, AttributeProto>();
  readonly #tensors: TensorReader;
  readonly #place: Place;

  constructor(list: readonly AttributeProto[], tensors: TensorReader, place: Place) {
    this.#tensors = tensors;
    this.#place = place;
    for (const a of list) {
      if (this.#all.has(a.name)) throw badFormat(`attribute ${JSON.stringify(a.name)} is given twice`, place);
      if (a.refAttrName !== '') throw unsupported('attributes of functions', place);
      this.#all.set(a.name, a);
    }
  }

  has(key: string): boolean {
    return this.#all.has(key);
  }

  get(key: string): AttributeProto | undefined {
    return this.#all.get(key);
  }

  int(key: string, fallback?: number): number {
    return this.#get(key, Type.INT, fallback, (a) => narrow(a.i, this.#place));
  }

  ints(key: string, length?: number, fallback?: readonly number[]): number[] {
    return this.#get(key, Type.INTS, fallback && [...fallback], (a) => {
      if (length !== undefined && a.ints.length !== length)
        throw badFormat(`attribute ${key} must have ${length} entries, not ${a.ints.length}`, this.#place);
      return a.ints.map((i) => narrow(i, this.#place));
    });
  }

  float(key: string, fallback?: number): number {
    return this.#get(key, Type.FLOAT, fallback, (a) => a.f);
  }

  bool(key: string, fallback?: boolean): boolean {
    return this.#get(key, Type.INT, fallback, (a) => a.i !== 0n);
  }

  str(key: string, fallback?: string): string {
    return this.#get(key, Type.STRING, fallback, (a) => text(a.s, `attribute ${key}`, this.#place));
  }

  tensor(key: string): Tensor {
    return this.#get(key, Type.TENSOR, undefined, (a) => {
      if (!a.t) throw badFormat(`attribute ${key} is empty`, this.#place);
      return this.#tensors.tensor(a.t, this.#place);
    });
  }

  sparse(key: string): Tensor {
    return this.#get(key, Type.SPARSE_TENSOR, undefined, (a) => {
      if (!a.sparseTensor) throw badFormat(`attribute ${key} is empty`, this.#place);
      return this.#tensors.sparse(a.sparseTensor, this.#place);
    });
  }

  /** Lists of numbers and of strings; `undefined` for what is missing. */
  raw(key: string): unknown {
    const a = this.#all.get(key);
    if (!a) return undefined;
    if (typeOf(a) === Type.FLOATS) return a.floats;
    if (typeOf(a) === Type.STRINGS) return a.strings.map((s) => text(s, `attribute ${key}`, this.#place));
    if (typeOf(a) === Type.INTS) return this.ints(key);
    throw badFormat(`attribute ${key} is no list`, this.#place);
  }

  #get<T>(key: string, type: Type, fallback: T | undefined, read: (a: AttributeProto) => T): T {
    const a = this.#all.get(key);
    if (!a) {
      if (fallback === undefined) throw badFormat(`attribute ${key} is missing`, this.#place);
      return fallback;
    }
    if (typeOf(a) !== type)
      throw badFormat(
        `attribute ${key} is ${Type[typeOf(a)] ?? 'of no type'}, not ${Type[type]}`,
        this.#place,
      );
    return read(a);
  }
}

/** Files before IR version 2 leave the type out: then the one field that is set says it. */
function typeOf(a: AttributeProto): Type {
  if (a.type !== Type.UNDEFINED) return a.type;
  if (a.ints.length > 0) return Type.INTS;
  if (a.floats.length > 0) return Type.FLOATS;
  if (a.strings.length > 0) return Type.STRINGS;
  if (a.s.length > 0) return Type.STRING;
  if (a.t) return Type.TENSOR;
  return a.f !== 0 ? Type.FLOAT : Type.INT;
}
