/**
 * TFLite's sparse encoding (as in TACO): the tensor's dimensions, and those of its blocks behind them, are walked in
 * `traversal_order`; each level lists all its indices (dense), or those that are there (CSR: segments and indices).
 */
import { badFormat, badShape, overLimit, type Place } from '../errors.ts';
import { limits, rowMajor, type Shape, sizeOf } from '../ir/tensor.ts';
import type { Table } from './tflite-table.ts';

/** Flat indices, in the dense tensor, of the values in the order in which they are stored. */
export function sparsePositions(sparsity: Table, shape: Shape, place: Place): Int32Array {
  const order = sparsity.i32s(0);
  const blocks = sparsity.i32s(1);
  const levels = sparsity.tables(2);
  const rank = shape.length;
  const count = rank + blocks.length;
  if (
    order.length !== count ||
    levels.length !== count ||
    new Set(order).size !== count ||
    order.some((d) => d < 0 || d >= count)
  )
    throw badFormat(
      `sparse order [${order.slice(0, 16)}] of ${rank} dimensions and ${blocks.length} blocks`,
      place,
    );
  if (blocks.some((d) => d < 0 || d >= rank) || new Set(blocks).size !== blocks.length)
    throw badFormat(`block map [${blocks.slice(0, 16)}] of rank ${rank}`, place);
  const strides = rowMajor(shape);
  const blockSizes = blocks.map((_, b) => levels[order.indexOf(rank + b)].i32(1));
  /** Size of a walked dimension, and how far one step leads in the dense tensor. */
  const dimension = (d: number): { size: number; stride: number } => {
    if (d >= rank) return { size: blockSizes[d - rank], stride: strides[blocks[d - rank]] };
    const block = blocks.includes(d) ? blockSizes[blocks.indexOf(d)] : 1;
    if (block < 1 || shape[d] % block !== 0)
      throw badShape(`blocks of ${block} don't divide ${shape[d]}`, place);
    return { size: shape[d] / block, stride: strides[d] * block };
  };
  let at = new Int32Array(1);
  levels.forEach((level, k) => {
    const { size, stride } = dimension(order[k]);
    at =
      level.u8(0) === 0
        ? everywhere(at, level.i32(1), size, stride, place)
        : listed(at, level, size, stride, place);
  });
  if (at.length > sizeOf(shape)) throw badShape(`${at.length} sparse values in [${shape}]`, place);
  return at;
}

function everywhere(
  at: Int32Array,
  declared: number,
  size: number,
  stride: number,
  place: Place,
): Int32Array<ArrayBuffer> {
  if (declared !== size) throw badShape(`a dense level of ${declared} in a dimension of ${size}`, place);
  const total = at.length * size;
  if (total > limits.elements) throw overLimit('number of sparse elements', total, limits.elements, place);
  const out = new Int32Array(total);
  for (let i = 0; i < total; i++) out[i] = at[Math.floor(i / size)] + (i % size) * stride;
  return out;
}

function listed(
  at: Int32Array,
  level: Table,
  size: number,
  stride: number,
  place: Place,
): Int32Array<ArrayBuffer> {
  const segments = indexVector(level, 2, place);
  const indices = indexVector(level, 4, place);
  if (segments.length !== at.length + 1 || segments[0] !== 0 || segments[at.length] !== indices.length)
    throw badFormat(
      `${segments.length} sparse segments over ${indices.length} indices for ${at.length} rows`,
      place,
    );
  const out = new Int32Array(indices.length);
  for (let r = 0; r < at.length; r++) {
    if (segments[r + 1] < segments[r]) throw badFormat('sparse segments go backwards', place);
    let last = -1;
    for (let i = segments[r]; i < Math.min(segments[r + 1], indices.length); i++) {
      if (indices[i] <= last || indices[i] >= size)
        throw badFormat(`sparse index ${indices[i]} behind ${last}, below ${size}`, place);
      last = indices[i];
      out[i] = at[r] + last * stride;
    }
  }
  return out;
}

/** A union of vectors of int32, uint16 and uint8. */
function indexVector(level: Table, slot: number, place: Place): number[] {
  const table = level.table(slot + 1);
  const kind = level.u8(slot);
  if (!table || kind < 1 || kind > 3) throw badFormat('a sparse level without its indices', place);
  return kind === 1 ? table.i32s(0) : kind === 2 ? table.u16s(0) : table.u8s(0);
}
