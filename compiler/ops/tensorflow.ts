/** Shared by the readers of TensorFlow's nodes: tfjs graphs and TFLite lay out images, name attributes and count axes alike. */
import type { Attrs, DType, NodeContext, NodeReader, ValueId } from './define.ts';
import { range, toChannelsFirst, toChannelsLast } from './spatial.ts';

/** A node that is one operator over its first inputs. */
export const reads =
  (kind: string, inputs = 1, attrs: Attrs = {}): NodeReader =>
  (c) =>
    c.one(
      kind,
      range(0, inputs).map((i) => c.input(i)),
      attrs,
    );

/** The same, followed by the activation that TFLite fuses. */
export const readsFused = (kind: string, inputs = 2): NodeReader => fused(reads(kind, inputs));

/** A TFLite node's reader, followed by the activation in its options. */
export const fused =
  (read: NodeReader): NodeReader =>
  (c) =>
    activate(c, read(c) as ValueId, c.config.str('fused_activation_function', 'NONE'));

/** Under the names of TensorFlow and of TFLite. */
export function activate(c: NodeContext, x: ValueId, name: string): ValueId {
  switch (name.toUpperCase()) {
    case 'NONE':
    case 'LINEAR':
      return x;
    case 'RELU':
      return c.one('relu', [x]);
    case 'RELU6':
      return c.one('clip', [x], { min: 0, max: 6 });
    case 'RELU_N1_TO_1':
      return c.one('clip', [x], { min: -1, max: 1 });
    case 'ELU':
      return c.one('elu', [x], { alpha: 1 });
    case 'SIGMOID':
      return c.one('sigmoid', [x]);
    case 'TANH':
      return c.one('tanh', [x]);
    case 'LEAKYRELU':
      return c.one('leakyRelu', [x], { alpha: c.config.float('leakyrelu_alpha', 0.2) });
    default:
      return c.unsupported(`the fused activation ${name}`);
  }
}

/** The whole numbers of a constant input. */
export function numbers(c: NodeContext, i: number): number[] {
  const t = c.constant(i);
  if (t.dtype !== 'int32') c.malformed(`input ${i} is ${t.dtype}, not int32`);
  return [...t.data];
}

export function number(c: NodeContext, i: number): number {
  const list = numbers(c, i);
  if (list.length !== 1) c.malformed(`input ${i} has ${list.length} elements, not 1`);
  return list[0];
}

/** Runs `f` on channels-first data, whatever the node's `data_format` is. */
export function imageFirst(c: NodeContext, x: ValueId, f: (x: ValueId) => ValueId): ValueId {
  return isFirst(c) ? f(x) : toChannelsLast(c, f(toChannelsFirst(c, x)));
}

export const isFirst = (c: NodeContext) => c.config.str('data_format', 'NHWC').startsWith('NC');

/** Entries of a list over [N, …spatial, C] that belong to the spatial axes. */
export function spatialOf(c: NodeContext, key: string, rank: number): number[] {
  const all = c.config.ints(key, rank + 2, Array(rank + 2).fill(1));
  return isFirst(c) ? all.slice(2) : all.slice(1, -1);
}

/** TensorFlow's element types, as names or numbers; integers of all widths are int32 in tfjs. */
const elementTypes: Readonly<Record<string, DType>> = {
  DT_FLOAT: 'float32',
  DT_HALF: 'float32',
  DT_INT32: 'int32',
  DT_UINT8: 'int32',
  DT_INT16: 'int32',
  DT_INT8: 'int32',
  DT_INT64: 'int32',
  DT_BOOL: 'bool',
  1: 'float32',
  19: 'float32',
  3: 'int32',
  4: 'int32',
  5: 'int32',
  6: 'int32',
  9: 'int32',
  10: 'bool',
};

export const elementType = (type: unknown): DType | undefined =>
  Object.hasOwn(elementTypes, String(type)) ? elementTypes[String(type)] : undefined;
