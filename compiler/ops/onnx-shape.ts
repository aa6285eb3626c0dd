/** ONNX operators that only move elements, and those whose result is known when shapes are. */
import { broadcastShapes, sizeOf, type Tensor } from '../ir/tensor.ts';
import type { DType, OnnxContext, OnnxReader, Shape, ValueId } from './define.ts';
import { attrAxis, axisOf, cast, hasInput, listed, numbers, rankOf, reshape, single } from './onnx.ts';
import { range } from './spatial.ts';

export const int32 = (shape: Shape, list: readonly number[]): Tensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(list),
});

/** `start` and `end` count from the end where negative, and are cut to the rank. */
export const onnxShape: OnnxReader = (c) => {
  const shape = c.b.shape(c.input(0));
  const part = shape.slice(c.config.int('start', 0), c.config.int('end', shape.length));
  return c.b.constant(int32([part.length], part), c.name);
};

export const onnxSize: OnnxReader = (c) => c.b.constant(int32([], [sizeOf(c.b.shape(c.input(0)))]), c.name);

/** 0 keeps the dimension (unless `allowzero`), −1 takes what is left. */
export const onnxReshape: OnnxReader = (c) => {
  const x = c.input(0);
  const from = c.b.shape(x);
  const asked = listed(c, 'shape', 1) ?? c.malformed('the shape is missing');
  const keep = !c.config.bool('allowzero', false);
  const shape = asked.map((d, i) =>
    d === 0 && keep ? (from[i] ?? c.malformed(`dimension ${i} of [${from}] does not exist`)) : d,
  );
  return reshape(c, x, inferred(c, shape, sizeOf(from)));
};

function inferred(c: OnnxContext, shape: readonly number[], size: number): number[] {
  const at = shape.indexOf(-1);
  if (at < 0) return [...shape];
  const rest = sizeOf(
    shape.filter((_, i) => i !== at),
    { node: c.name, op: c.source },
  );
  if (rest === 0 || size % rest !== 0) c.malformed(`${size} elements don't fill [${shape}]`);
  return shape.map((d, i) => (i === at ? size / rest : d));
}

export const onnxFlatten: OnnxReader = (c) => {
  const shape = c.b.shape(c.input(0));
  const axis = c.config.int('axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  if (at < 0 || at > shape.length) c.malformed(`axis ${axis} is outside rank ${shape.length}`);
  return reshape(c, c.input(0), [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))]);
};

export const onnxSqueeze: OnnxReader = (c) => {
  const shape = c.b.shape(c.input(0));
  const axes =
    listed(c, 'axes', 1)?.map((a) => axisOf(c, a, shape.length)) ??
    range(0, shape.length).filter((d) => shape[d] === 1);
  if (axes.some((d) => shape[d] !== 1)) c.malformed(`axes [${axes}] of [${shape}] are not all of size 1`);
  return reshape(
    c,
    c.input(0),
    shape.filter((_, d) => !axes.includes(d)),
  );
};

export const onnxUnsqueeze: OnnxReader = (c) => {
  const shape = [...c.b.shape(c.input(0))];
  const given = listed(c, 'axes', 1) ?? c.malformed('the axes are missing');
  const rank = shape.length + given.length;
  const axes = given.map((a) => axisOf(c, a, rank));
  if (new Set(axes).size !== axes.length) c.malformed(`axes [${given}] repeat`);
  return reshape(
    c,
    c.input(0),
    range(0, rank).map((d) => (axes.includes(d) ? 1 : shape.shift()!)),
  );
};

export const onnxExpand: OnnxReader = (c) => {
  const x = c.input(0);
  const shape = broadcastShapes([c.b.shape(x), numbers(c, 1)], { node: c.name, op: c.source });
  return c.one('broadcastTo', [x], { shape });
};

export const onnxConstantOfShape: OnnxReader = (c) => {
  const value = c.config.has('value')
    ? c.config.tensor('value')
    : { dtype: 'float32' as DType, shape: [1], data: Float32Array.of(0) };
  if (value.data.length !== 1) c.malformed('the value must be one element');
  return c.one('broadcastTo', [c.b.constant({ ...value, shape: [] }, c.name)], { shape: numbers(c, 0) });
};

const mostSteps = 2 ** 24;

export const onnxRange: OnnxReader = (c) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => single(c, i));
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(count <= mostSteps)) c.malformed(`a range of ${count} steps`);
  const { dtype } = c.b.value(c.input(0));
  const steps = range(0, count).map((i) => start + i * delta);
  const data = dtype === 'float32' ? Float32Array.from(steps) : Int32Array.from(steps);
  return c.b.constant({ dtype: dtype === 'float32' ? dtype : 'int32', shape: [count], data }, c.name);
};

export const onnxEyeLike: OnnxReader = (c) => {
  const [rows, columns] = c.b.shape(c.input(0));
  if (rankOf(c, c.input(0)) !== 2) c.malformed('EyeLike is of matrices');
  const k = c.config.int('k', 0);
  const list = range(0, rows * columns).map((i) => Number((i % columns) - Math.floor(i / columns) === k));
  const dtype = c.config.has('dtype') ? typeNumbered(c, c.config.int('dtype')) : c.b.value(c.input(0)).dtype;
  return cast(c, c.b.constant(int32([rows, columns], list), c.name), dtype);
};

/** Of the numbers of element types in attributes. */
export function typeNumbered(c: OnnxContext, type: number): DType {
  const found = types[type];
  return found ?? c.unsupported(`element type number ${type}`);
}

// biome-ignore format: a table
const types: Readonly<Record<number, DType | undefined>> = {
  1: 'float32', 2: 'uint8', 3: 'int8', 4: 'int32', 5: 'int32', 6: 'int32', 7: 'int32', 9: 'bool', 10: 'float32', 11: 'float32', 12: 'int32', 13: 'int32', 16: 'float32',
};

/** Starts and ends are cut to the dimension; a negative step walks backwards. */
export const onnxSlice: OnnxReader = (c) => {
  const x = c.input(0);
  const shape = c.b.shape(x);
  const starts = listed(c, 'starts', 1) ?? c.malformed('starts are missing');
  const ends = listed(c, 'ends', 2) ?? c.malformed('ends are missing');
  const axes = (listed(c, 'axes', 3) ?? range(0, starts.length)).map((a) => axisOf(c, a, shape.length));
  const steps = hasInput(c, 4) ? numbers(c, 4) : starts.map(() => 1);
  if ([ends, axes, steps].some((l) => l.length !== starts.length) || new Set(axes).size < axes.length)
    c.malformed('starts, ends, axes and steps must have one entry for each axis');
  if (steps.includes(0)) c.malformed('a step of 0');
  const whole = shape.map((size) => ({ start: 0, size, step: 1 }));
  axes.forEach((d, i) => {
    whole[d] = walk(shape[d], starts[i], ends[i], steps[i]);
  });
  return c.one('slice', [x], {
    starts: whole.map((w) => w.start),
    sizes: whole.map((w) => w.size),
    steps: whole.map((w) => w.step),
  });
};

function walk(n: number, from: number, to: number, step: number) {
  const clamp = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v < 0 ? v + n : v));
  const start = step > 0 ? clamp(from, 0, n) : clamp(from, 0, n - 1);
  // INT_MIN as an end of a backward walk means before the first.
  const end = step > 0 ? clamp(to, 0, n) : clamp(to, -1, n - 1);
  const size = n === 0 ? 0 : Math.max(0, Math.ceil((end - start) / step));
  return { start: size === 0 ? 0 : start, size, step };
}

/** Sizes by attribute, by input, or equal parts (the last one smaller). */
export const onnxSplit: OnnxReader = (c) => {
  const x = c.input(0);
  const axis = attrAxis(c, 0);
  const shape = c.b.shape(x);
  const parts = c.config.int('num_outputs', c.outputs.length);
  const equal = Math.ceil(shape[axis] / parts);
  const sizes =
    listed(c, 'split', 1) ??
    range(0, parts).map((i) => Math.max(0, Math.min(equal, shape[axis] - i * equal)));
  if (
    sizes.length !== c.outputs.length ||
    sizes.some((s) => s < 0) ||
    sizes.reduce((a, b) => a + b, 0) !== shape[axis]
  )
    c.malformed(`parts [${sizes}] don't divide ${shape[axis]} over ${c.outputs.length} outputs`);
  let at = 0;
  return sizes.map((size) => {
    const start = at;
    at += size;
    return c.one('slice', [x], {
      starts: shape.map((_, d) => (d === axis ? start : 0)),
      sizes: shape.map((n, d) => (d === axis ? size : n)),
      steps: shape.map(() => 1),
    });
  });
};

export const onnxTile: OnnxReader = (c) => {
  const x = c.input(0);
  if (c.inputs.length < 3) return c.one('tile', [x], { repeats: numbers(c, 1) });
  const axis = axisOf(c, single(c, 2), rankOf(c, x));
  return c.one('tile', [x], { repeats: c.b.shape(x).map((_, d) => (d === axis ? single(c, 1) : 1)) });
};

export const onnxPad: OnnxReader = (c) => {
  const x = c.input(0);
  const rank = rankOf(c, x);
  const list =
    listed(c, c.config.has('paddings') ? 'paddings' : 'pads', 1) ?? c.malformed('pads are missing');
  const axes = hasInput(c, 3) ? numbers(c, 3).map((a) => axisOf(c, a, rank)) : range(0, rank);
  if (list.length !== 2 * axes.length) c.malformed(`${list.length} pads for ${axes.length} axes`);
  const pads = range(0, rank).map((d) => {
    const i = axes.indexOf(d);
    return i < 0 ? [0, 0] : [list[i], list[axes.length + i]];
  });
  const value = hasInput(c, 2) ? single(c, 2) : c.config.float('value', 0);
  return c.one('pad', [x], { pads, mode: c.config.str('mode', 'constant'), value });
};

export const onnxTranspose: OnnxReader = (c) => {
  const rank = rankOf(c, c.input(0));
  return c.one('transpose', [c.input(0)], {
    perm: c.config.ints('perm', undefined, range(0, rank).reverse()),
  });
};

/** Indices that are known must lie inside; others are clamped when they are used. */
export const onnxGather: OnnxReader = (c) => {
  const axis = attrAxis(c, 0);
  const size = c.b.shape(c.input(0))[axis];
  const outside = c.b.constantOf(c.input(1))?.data.find((i) => i < -size || i >= size);
  if (outside !== undefined) c.malformed(`index ${outside} is outside the ${size} of axis ${axis}`);
  return c.one('gather', [c.input(0), c.input(1)], { axis, batchDims: 0 });
};

/** Keeps the slices whose entry in the condition is set. */
export const onnxCompress: OnnxReader = (c) => {
  const x = c.input(0);
  const flat = c.config.has('axis') ? x : reshape(c, x, [sizeOf(c.b.shape(x))]);
  const axis = c.config.has('axis') ? attrAxis(c, 0) : 0;
  const kept = numbers(c, 1).flatMap((v, i) => (v ? [i] : []));
  return c.one('gather', [flat, c.b.constant(int32([kept.length], kept), c.name)], { axis, batchDims: 0 });
};

export const integer = (c: OnnxContext, i: number): ValueId => cast(c, c.input(i), 'int32');
