/** Writes TFLite networks operator by operator, with the tables of options that TFLite itself asks for. */
import { random } from '../../../compiler/ir/random.ts';
import { sizeOf } from '../../../compiler/ir/tensor.ts';
import { bytesOf, type LiteTensorSpec, liteFile, type OperatorSpec } from '../../import/tflite-models.ts';

/** Numbers of the union `BuiltinOptions` in the schema. */
const unions: Readonly<Record<string, number>> = {
  CONV_2D: 1,
  DEPTHWISE_CONV_2D: 2,
  AVERAGE_POOL_2D: 5,
  MAX_POOL_2D: 5,
  RNN: 7,
  FULLY_CONNECTED: 8,
  SOFTMAX: 9,
  CONCATENATION: 10,
  ADD: 11,
  L2_NORMALIZATION: 12,
  LSTM: 14,
  RESIZE_BILINEAR: 15,
  RESHAPE: 17,
  MUL: 21,
  PAD: 22,
  MEAN: 27,
  SUB: 28,
  UNIDIRECTIONAL_SEQUENCE_RNN: 31,
  MAXIMUM: 39,
  UNIDIRECTIONAL_SEQUENCE_LSTM: 71,
  RESIZE_NEAREST_NEIGHBOR: 74,
  LEAKY_RELU: 75,
  QUANTIZE: 89,
  DEQUANTIZE: 38,
};

/** Real value = (step − zero) · scale. */
export interface Steps {
  readonly type: 'int8' | 'uint8' | 'int16';
  readonly scale: number;
  readonly zero: number;
}

export interface Weights {
  readonly id: number;
  /** Scale of each row. */
  readonly rows: readonly number[];
  /** The same, or one for all. */
  readonly scale: readonly number[];
}

export class Net {
  readonly tensors: LiteTensorSpec[] = [];
  readonly operators: OperatorSpec[] = [];
  readonly #rng;

  constructor(seed = 1) {
    this.#rng = random(seed);
  }

  tensor(spec: LiteTensorSpec): number {
    return this.tensors.push(spec) - 1;
  }

  /** An operator with one result. */
  op(
    op: string,
    inputs: readonly number[],
    y: LiteTensorSpec,
    options: OperatorSpec['options'] = [],
  ): number {
    const id = this.tensor(y);
    this.operators.push({ op, inputs, outputs: [id], options, optionsType: unions[op] ?? 0 });
    return id;
  }

  floats(...shape: number[]): number {
    return this.tensor({ shape, data: bytesOf(this.normal(sizeOf(shape))) });
  }

  ints(...list: number[]): number {
    return this.tensor({ shape: [list.length], type: 'int32', data: bytesOf(Int32Array.from(list)) });
  }

  /** Weights of 8 bits: symmetric with a scale for each index of `axis`, or, under uint8, around 128. */
  weights(x: Steps, shape: readonly number[], axis = 0, single = x.type === 'uint8'): Weights {
    const shifted = x.type === 'uint8';
    const rows = Array.from({ length: shape[axis] }, (_, i) => 0.004 + (single ? 0 : 0.001 * (i % 5)));
    const steps = Array.from({ length: sizeOf(shape) }, () => this.#rng.int(255) - 127);
    const data = shifted ? Uint8Array.from(steps, (v) => v + 128) : Int8Array.from(steps);
    const scale = single ? [rows[0]] : rows;
    const zero = scale.map(() => (shifted ? 128 : 0));
    const type = shifted ? 'uint8' : 'int8';
    return { id: this.tensor({ shape, type, data: bytesOf(data), scale, zero, axis }), rows, scale };
  }

  /** A bias in steps of input · weights: of 64 bits behind 16-bit activations. */
  bias(x: Steps, weights: Weights): number {
    const step = (s: number) => Math.fround(s * x.scale);
    const steps = weights.rows.map((s) => Math.round(this.#rng.normal() / step(s) / 4));
    const wide = x.type === 'int16';
    const data = wide ? bytesOf(BigInt64Array.from(steps, BigInt)) : bytesOf(Int32Array.from(steps));
    const scale = weights.scale.map(step);
    const zero = scale.map(() => 0);
    return this.tensor({ shape: [steps.length], type: wide ? 'int64' : 'int32', data, scale, zero });
  }

  normal(n: number): Float32Array {
    return Float32Array.from({ length: n }, () => this.#rng.normal() / 2);
  }

  file(inputs: readonly number[], outputs: readonly number[]): Uint8Array {
    return liteFile({ tensors: this.tensors, operators: this.operators, inputs, outputs });
  }
}

export const quantized = (shape: readonly number[], { type, scale, zero }: Steps): LiteTensorSpec => ({
  shape,
  type,
  scale: [scale],
  zero: [zero],
});
