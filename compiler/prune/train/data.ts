/** Samples for training and their batches. */

import type { Tensor, Tensor1D } from '@tensorflow/tfjs';
import { badData } from '../../errors.ts';
import type { Random } from '../../ir/random.ts';
import type { Tf } from './backend.ts';

export interface TrainData {
  /** Shape of one sample. */
  readonly shape: readonly number[];
  /** n samples, one after the other. */
  readonly x: Float32Array;
  /** n class numbers, for the losses that compare with labels. */
  readonly y?: Int32Array;
  /**
   * What the network should answer, for the losses that compare with a teacher: n rows of outputs, or the teacher itself,
   * which then sees every batch as the student does (needed with augmentation).
   */
  readonly teacher?: Float32Array | ((x: Tensor) => Tensor);
}

/** Changes a batch of inputs in place: [b, …shape], flat. */
export type Augment = (batch: Float32Array, random: Random) => void;

/** Tensors of one batch, to be disposed of by the caller (`tf.tidy`). */
export interface Batch {
  readonly x: Tensor;
  readonly y?: Tensor1D;
  readonly teacher?: Tensor;
}

/** What happens to a batch before anyone sees it. */
export interface Change {
  readonly augment?: Augment;
  /**
   * Each sample is mixed with another of the batch, by any share (mixup, Zhang et al. 2018, with α = 1), for a teacher that says what
   * the mixture is; not for labels.
   */
  readonly mix?: boolean;
  readonly chance: Random;
}

/** Number of samples. @throws {CompileError} E_DATA where the parts disagree. */
export function sampleCount({ shape, x, y, teacher }: TrainData): number {
  const size = shape.reduce((a, b) => a * b, 1);
  const n = x.length / size;
  if (n === 0 || !Number.isInteger(n)) {
    throw badData(`${x.length} values are no whole number of samples of shape [${shape}]`);
  }
  if (y && y.length !== n) throw badData(`there are ${n} samples, but ${y.length} labels`);
  if (teacher instanceof Float32Array && (teacher.length === 0 || teacher.length % n !== 0)) {
    throw badData(`there are ${n} samples, but ${teacher.length} values of the teacher`);
  }
  return n;
}

/** The samples named by `indices` as tensors. */
export function gather(tf: Tf, data: TrainData, indices: Uint32Array, change?: Change): Batch {
  const b = indices.length;
  const size = data.shape.reduce((m, d) => m * d, 1);
  const values = rows(data.x, size, indices);
  change?.augment?.(values, change.chance);
  if (change?.mix) mixRows(values, size, change.chance);
  const x = tf.tensor(values, [b, ...data.shape]);
  const { y, teacher } = data;
  return {
    x,
    ...(y && {
      y: tf.tensor1d(
        Int32Array.from(indices, (i) => y[i]!),
        'int32',
      ),
    }),
    ...(teacher && { teacher: teacherOf(tf, teacher, x, indices, data.x.length / size) }),
  };
}

/** Every row becomes a share of itself and the rest of another row, as they were. */
function mixRows(values: Float32Array, size: number, chance: Random): void {
  const before = values.slice();
  const b = values.length / size;
  for (let i = 0; i < b; i++) {
    const [own, other, share] = [i * size, chance.int(b) * size, chance.next()];
    for (let k = 0; k < size; k++) {
      values[own + k] = share * before[own + k]! + (1 - share) * before[other + k]!;
    }
  }
}

function teacherOf(
  tf: Tf,
  teacher: NonNullable<TrainData['teacher']>,
  x: Tensor,
  indices: Uint32Array,
  n: number,
): Tensor {
  if (typeof teacher === 'function') return teacher(x);
  const width = teacher.length / n;
  return tf.tensor(rows(teacher, width, indices), [indices.length, width]);
}

function rows(from: Float32Array, size: number, indices: Uint32Array): Float32Array {
  const out = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    out.set(from.subarray(index * size, (index + 1) * size), i * size);
  });
  return out;
}

/** Endless batches of sample numbers: every epoch in a new order, its rest smaller than a batch left out. */
export class ShuffledBatches {
  readonly #size: number;
  readonly #random: Random;
  readonly #order: Uint32Array;
  #at: number;

  /** Goes on from `state` where it is given, together with that of `random`. */
  constructor(n: number, batch: number, random: Random, state?: BatchState) {
    this.#size = Math.min(batch, n);
    this.#random = random;
    this.#order = state ? state.order.slice() : Uint32Array.from({ length: n }, (_, i) => i);
    this.#at = state ? state.at : n;
  }

  next(): Uint32Array {
    if (this.#at + this.#size > this.#order.length) {
      this.#random.shuffle(this.#order);
      this.#at = 0;
    }
    this.#at += this.#size;
    return this.#order.slice(this.#at - this.#size, this.#at);
  }

  state(): BatchState {
    return { order: this.#order.slice(), at: this.#at };
  }
}

export interface BatchState {
  readonly order: Uint32Array;
  /** The first that has not been dealt. */
  readonly at: number;
}

/** All samples in order; the last batch may be smaller. */
export function* orderedBatches(n: number, batch: number): Generator<Uint32Array> {
  for (let at = 0; at < n; at += batch) {
    yield Uint32Array.from({ length: Math.min(batch, n - at) }, (_, i) => at + i);
  }
}
