/** What tfjs graphs and TFLite do with shapes: sizes are known when a model is compiled, so most of it folds away. */
import { normalizeAxis, sizeOf } from '../ir/tensor.ts';
import type { NodeContext, Shape, ValueId } from './define.ts';
import { range } from './spatial.ts';
import { number, numbers } from './tensorflow.ts';

const placeOf = (c: NodeContext) => ({ node: c.name, op: c.source });
const axisOf = (c: NodeContext, axis: number, rank: number) => normalizeAxis(axis, rank, placeOf(c));
const reshaped = (c: NodeContext, x: ValueId, shape: Shape) => c.one('reshape', [x], { shape });

export const ints = (c: NodeContext, data: readonly number[], shape: Shape = [data.length]): ValueId =>
  c.b.constant({ dtype: 'int32', shape, data: Int32Array.from(data) }, c.name);

export function readReshape(c: NodeContext): ValueId {
  const x = c.input(0);
  const target = (c.inputs[1] ?? null) === null ? c.config.ints('new_shape') : numbers(c, 1);
  const known = target.filter((d) => d !== -1);
  const rest = sizeOf(c.b.shape(x)) / sizeOf(known, placeOf(c));
  if (target.length - known.length > 1) c.malformed(`shape [${target}] leaves several dimensions open`);
  return reshaped(
    c,
    x,
    target.map((d) => (d === -1 ? rest : d)),
  );
}

export function readSqueeze(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(0));
  const given = c.config.ints('squeeze_dims', undefined, []);
  const gone = given.length > 0 ? given.map((d) => axisOf(c, d, shape.length)) : range(0, shape.length);
  if (given.length > 0 && gone.some((d) => shape[d] !== 1)) c.malformed(`[${shape}] is not 1 at [${gone}]`);
  return reshaped(
    c,
    c.input(0),
    shape.filter((size, d) => size !== 1 || !gone.includes(d)),
  );
}

export function readExpandDims(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(0));
  const axis = axisOf(c, number(c, 1), shape.length + 1);
  return reshaped(c, c.input(0), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
}

export const readShape = (c: NodeContext): ValueId => ints(c, c.b.shape(c.input(0)));
export const readRank = (c: NodeContext): ValueId => ints(c, [c.b.shape(c.input(0)).length], []);
export const readSize = (c: NodeContext): ValueId => ints(c, [sizeOf(c.b.shape(c.input(0)))], []);

export function readPack(c: NodeContext): ValueId {
  const inputs = c.inputs.map((_, i) => c.input(i));
  const shape = c.b.shape(c.input(0));
  const axis = axisOf(c, c.config.int('axis', 0), shape.length + 1);
  const wide = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
  return c.one(
    'concat',
    inputs.map((x) => reshaped(c, x, wide)),
    { axis },
  );
}

/** Parts of `sizes` along an axis, one behind the other. */
function parts(c: NodeContext, x: ValueId, axis: number, sizes: readonly number[]): ValueId[] {
  const shape = c.b.shape(x);
  const steps = shape.map(() => 1);
  let at = 0;
  return sizes.map((size) => {
    const starts = shape.map((_, d) => (d === axis ? at : 0));
    at += size;
    return c.one('slice', [x], { starts, sizes: shape.map((s, d) => (d === axis ? size : s)), steps });
  });
}

/** Nobody means more parts than this. */
const maxParts = 4096;

function equalParts(c: NodeContext, x: ValueId, axis: number, count: number): ValueId[] {
  const size = c.b.shape(x)[axis];
  if (count < 1 || count > maxParts || size % count !== 0) c.malformed(`${size} elements in ${count} parts`);
  return parts(c, x, axis, Array(count).fill(size / count));
}

export function readUnpack(c: NodeContext): ValueId[] {
  const shape = c.b.shape(c.input(0));
  const axis = axisOf(c, c.config.int('axis', 0), shape.length);
  const rest = shape.filter((_, d) => d !== axis);
  return equalParts(c, c.input(0), axis, shape[axis]).map((x) => reshaped(c, x, rest));
}

/** (axis, x). */
export function readSplit(c: NodeContext): ValueId[] {
  const x = c.input(1);
  const count = c.config.has('num_split') ? c.config.int('num_split') : c.config.int('num_splits');
  return equalParts(c, x, axisOf(c, number(c, 0), c.b.shape(x).length), count);
}

/** (x, sizes, axis); one size may be −1. */
export function readSplitV(c: NodeContext): ValueId[] {
  const shape = c.b.shape(c.input(0));
  const axis = axisOf(c, number(c, 2), shape.length);
  const given = numbers(c, 1);
  const rest = shape[axis] - given.filter((s) => s !== -1).reduce((a, b) => a + b, 0);
  return parts(
    c,
    c.input(0),
    axis,
    given.map((s) => (s === -1 ? rest : s)),
  );
}

/** (x, begin, size); −1 is the rest. */
export function readSlice(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(0));
  const [starts, given] = [numbers(c, 1), numbers(c, 2)];
  const sizes = given.map((s, d) => (s === -1 ? shape[d] - starts[d] : s));
  return c.one('slice', [c.input(0)], { starts, sizes, steps: shape.map(() => 1) });
}

/** (x, begin, end, strides) with bit masks, as in numpy. */
export function readStridedSlice(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(0));
  const [begin, end, strides] = [1, 2, 3].map((i) => numbers(c, i));
  if (begin.length !== end.length || begin.length !== strides.length)
    c.malformed('begin, end and strides differ in length');
  const mask = (key: string) => {
    const bits = c.config.int(key, 0);
    return (i: number) => ((bits >> i) & 1) === 1;
  };
  const isNew = mask('new_axis_mask');
  const isShrunk = mask('shrink_axis_mask');
  const isEllipsis = mask('ellipsis_mask');
  const [openBegin, openEnd] = [mask('begin_mask'), mask('end_mask')];
  const entries = range(0, begin.length);
  const used = entries.filter((i) => !isNew(i) && !isEllipsis(i)).length;
  if (used > shape.length) c.malformed(`${used} indices for [${shape}]`);
  const walk = { starts: [] as number[], sizes: [] as number[], steps: [] as number[] };
  const out: number[] = [];
  const take = (start: number, size: number, step: number) => {
    walk.starts.push(start);
    walk.sizes.push(size);
    walk.steps.push(step);
  };
  const whole = (count: number) => {
    for (let k = 0; k < count; k++) {
      const size = shape[walk.starts.length];
      take(0, size, 1);
      out.push(size);
    }
  };
  for (const i of entries) {
    const size = shape[walk.starts.length];
    if (isEllipsis(i)) whole(shape.length - used);
    else if (isNew(i)) out.push(1);
    else if (isShrunk(i)) take(begin[i] < 0 ? begin[i] + size : begin[i], 1, 1);
    else {
      const step = strides[i];
      if (step === 0) c.malformed('a stride of 0');
      const bounds = step > 0 ? [0, size] : [-1, size - 1];
      const clamp = (k: number) => Math.min(bounds[1], Math.max(bounds[0], k < 0 ? k + size : k));
      const first = openBegin(i) ? (step > 0 ? 0 : size - 1) : clamp(begin[i]);
      const last = openEnd(i) ? (step > 0 ? size : -1) : clamp(end[i]);
      const count = Math.max(0, Math.ceil((last - first) / step));
      take(count === 0 ? 0 : first, count, step);
      out.push(count);
    }
  }
  whole(shape.length - walk.starts.length);
  return reshaped(c, c.one('slice', [c.input(0)], walk), out);
}

/** (x, axes). */
export function readReverse(c: NodeContext): ValueId {
  const shape = c.b.shape(c.input(0));
  const axes = numbers(c, 1).map((a) => axisOf(c, a, shape.length));
  return c.one('slice', [c.input(0)], {
    starts: shape.map((size, d) => (axes.includes(d) ? size - 1 : 0)),
    sizes: shape,
    steps: shape.map((_, d) => (axes.includes(d) ? -1 : 1)),
  });
}

/** An input of pairs per dimension. */
function pairsOf(c: NodeContext, i: number): [number, number][] {
  const flat = numbers(c, i);
  if (flat.some((n) => n < 0)) c.malformed(`a padding of ${Math.min(...flat)}`);
  return range(0, flat.length >> 1).map((d) => [flat[2 * d], flat[2 * d + 1]]);
}

/** (x, pads, value?). */
export function readPad(c: NodeContext): ValueId {
  const value = (c.inputs[2] ?? null) === null ? 0 : c.constant(2).data[0];
  return c.one('pad', [c.input(0)], { pads: pairsOf(c, 1), mode: 'constant', value });
}

export function readMirrorPad(c: NodeContext): ValueId {
  const mode = c.config.str('mode').toLowerCase();
  if (mode !== 'reflect' && mode !== 'symmetric') c.unsupported(`mode ${JSON.stringify(mode)}`);
  return c.one('pad', [c.input(0)], { pads: pairsOf(c, 1), mode, value: 0 });
}

/** (x, block, pads): [N, …S, …] → [N·Πblock, …S/block, …]. */
export function readSpaceToBatch(c: NodeContext): ValueId {
  const block = numbers(c, 1);
  const rank = c.b.shape(c.input(0)).length;
  const around = pairsOf(c, 2);
  const pads = range(0, rank).map((d) => around[d - 1] ?? [0, 0]);
  const x = c.one('pad', [c.input(0)], { pads, mode: 'constant', value: 0 });
  const [n, ...rest] = c.b.shape(x);
  const m = block.length;
  const split = reshaped(c, x, [n, ...block.flatMap((b, d) => [rest[d] / b, b]), ...rest.slice(m)]);
  const perm = [
    ...block.map((_, d) => 2 + 2 * d),
    0,
    ...block.map((_, d) => 1 + 2 * d),
    ...range(1 + 2 * m, rank + m),
  ];
  const turned = c.one('transpose', [split], { perm });
  return reshaped(c, turned, [n * sizeOf(block), ...block.map((b, d) => rest[d] / b), ...rest.slice(m)]);
}

/** (x, block, crops): the inverse. */
export function readBatchToSpace(c: NodeContext): ValueId {
  const block = numbers(c, 1);
  const crops = pairsOf(c, 2);
  const [n, ...rest] = c.b.shape(c.input(0));
  const m = block.length;
  const batch = n / sizeOf(block);
  const split = reshaped(c, c.input(0), [...block, batch, ...rest]);
  const perm = [m, ...block.flatMap((_, d) => [m + 1 + d, d]), ...range(2 * m + 1, m + 1 + rest.length)];
  const whole = reshaped(c, c.one('transpose', [split], { perm }), [
    batch,
    ...block.map((b, d) => rest[d] * b),
    ...rest.slice(m),
  ]);
  const pads = range(0, rest.length + 1).map((d) => {
    const [before, after] = crops[d - 1] ?? [0, 0];
    return [-before || 0, -after || 0];
  });
  return c.one('pad', [whole], { pads, mode: 'constant', value: 0 });
}

/** (dims, value). */
export const readFill = (c: NodeContext): ValueId =>
  c.one('broadcastTo', [c.input(1)], { shape: numbers(c, 0) });

/** (start, limit, delta), all constant. */
export function readRange(c: NodeContext): ValueId {
  const [start, limit, delta] = [0, 1, 2].map((i) => c.constant(i));
  const count = Math.max(0, Math.ceil((limit.data[0] - start.data[0]) / delta.data[0]));
  const data = range(0, sizeOf([count], placeOf(c))).map((i) => start.data[0] + i * delta.data[0]);
  if (start.dtype === 'int32') return ints(c, data);
  return c.b.constant({ dtype: 'float32', shape: [count], data: Float32Array.from(data) }, c.name);
}

/** As many as x has, all of one value. */
export const readLike =
  (value: number) =>
  (c: NodeContext): ValueId => {
    const { dtype, shape } = c.b.value(c.input(0));
    return c.one('broadcastTo', [c.one('cast', [c.b.scalar(value)], { to: dtype })], { shape });
  };
