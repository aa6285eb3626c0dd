/**
 * Orders of axes of a running graph's values. tfjs convolves channels last, the graph has channels first: values stay as they were
 * made, and are turned where an operator can't read them so.
 *
 *     value = transpose(tensor, perm), axis 0, the batch, in its place
 */
import type { Node } from '../ir/graph.ts';
import type { TensorType } from '../ir/tensor.ts';
import type { TfTensor } from '../ops/define.ts';
import { channelsLastPerm } from '../ops/spatial-tf.ts';
import { opOf } from '../semantics/evaluate.ts';
import type { Tf } from './train/backend.ts';

type Perm = readonly number[];

/** A value in the order it was made in and, once asked for, in others. */
export class Laid {
  readonly tensor: TfTensor;
  readonly perm: Perm;
  readonly #tf: Tf;
  readonly #turned = new Map<string, TfTensor>();

  constructor(tf: Tf, tensor: TfTensor, perm: Perm = inOrder(tensor.rank)) {
    this.#tf = tf;
    this.tensor = tensor;
    this.perm = perm;
    this.#turned.set(`${perm}`, tensor);
  }

  /** The tensor of which `perm` makes the value; of a lower rank, with leading axes of size 1. */
  at(perm: Perm): TfTensor {
    const missing = perm.length - this.perm.length;
    if (missing > 0) {
      const shape = [...Array<number>(missing).fill(1), ...this.plain().shape];
      return new Laid(this.#tf, this.#tf.reshape(this.plain(), shape)).at(perm);
    }
    const key = `${perm}`;
    const found = this.#turned.get(key);
    if (found) return found;
    const turned = this.#tf.transpose(
      this.tensor,
      perm.map((_, i) => this.perm[perm.indexOf(i)]),
    );
    this.#turned.set(key, turned);
    return turned;
  }

  /** The value in the graph's order. */
  plain(): TfTensor {
    return this.at(inOrder(this.perm.length));
  }
}

/** The outputs of a node, in the order that costs least. `types` are the graph's of the inputs. */
export function runLaid(
  tf: Tf,
  node: Node,
  inputs: readonly (Laid | null)[],
  types: readonly (TensorType | null)[],
): Laid[] {
  const op = opOf(node.kind);
  const [first] = inputs;
  if (op.tfLast && first && first.perm.length > 2) {
    const last = channelsLastPerm(first.perm.length);
    const given = inputs.map((x, i) => x && (i === 0 ? x.at(last) : x.plain()));
    return op.tfLast(tf, given, node.attrs).map((t) => new Laid(tf, t, last));
  }
  const perm = orderOf(inputs);
  const turned = op.permute?.(node.attrs, perm, types);
  if (!turned || (turned.perm.length > 0 && turned.perm[0] !== 0)) {
    const given = inputs.map((x) => (x ? x.plain() : null));
    return op.tf!(tf, given, node.attrs).map((t) => new Laid(tf, t));
  }
  const same = isInOrder(perm);
  const given = inputs.map((x) => x && (same || x.perm.length === 0 ? x.plain() : x.at(perm)));
  return op.tf!(tf, given, turned.attrs).map((t) => new Laid(tf, t, turned.perm));
}

/** The order that inputs of the highest rank are in, another than the graph's where one is. */
function orderOf(inputs: readonly (Laid | null)[]): Perm {
  const perms = inputs.flatMap((x) => (x ? [x.perm] : []));
  const rank = Math.max(...perms.map((p) => p.length));
  return perms.find((p) => p.length === rank && !isInOrder(p)) ?? inOrder(rank);
}

const inOrder = (rank: number): Perm => Array.from({ length: rank }, (_, i) => i);
const isInOrder = (perm: Perm): boolean => perm.every((p, i) => p === i);
