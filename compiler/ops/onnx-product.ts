/** ONNX matrix products. */
import type { NodeContext, OnnxContext, OnnxReader, ValueId } from './define.ts';
import { cast, hasInput, rankOf, reshape, scalarLike, transpose } from './onnx.ts';
import { centred } from './onnx-window.ts';

const turned = (c: NodeContext, x: ValueId) => transpose(c, x, [1, 0]);

/** A product with a constant matrix on the right is a dense layer. Vectors are matrices of one row or column. */
export function product(c: NodeContext, left: ValueId, right: ValueId): ValueId {
  const [m, n] = [rankOf(c, left), rankOf(c, right)];
  if (m === 0 || n === 0) c.malformed('a product with a scalar');
  const a = m === 1 ? reshape(c, left, [1, ...c.b.shape(left)]) : left;
  const b = n === 1 ? reshape(c, right, [...c.b.shape(right), 1]) : right;
  const y = n <= 2 && c.b.constantOf(b) ? c.one('dense', [a, turned(c, b)]) : c.one('matmul', [a, b]);
  const shape = [...c.b.shape(y)];
  if (n === 1) shape.pop();
  if (m === 1) shape.splice(shape.length - (n === 1 ? 1 : 2), 1);
  return reshape(c, y, shape);
}

/** Whole numbers below 2²⁴ are exact in float32. */
export const onnxMatMul: OnnxReader = (c) => {
  const { dtype } = c.b.value(c.input(0));
  return cast(c, product(c, cast(c, c.input(0), 'float32'), cast(c, c.input(1), 'float32')), dtype);
};

export const onnxMatMulInteger: OnnxReader = (c) => {
  const a = centredRows(c);
  return cast(c, product(c, a, centred(c, 1, 3, -1)), 'int32');
};

/** A zero point per row of A stands for [M, 1]. */
function centredRows(c: OnnxContext): ValueId {
  const a = cast(c, c.input(0), 'float32');
  if (!hasInput(c, 2)) return a;
  const zero = cast(c, c.input(2), 'float32');
  const [size = 1] = c.b.shape(zero);
  return c.one('sub', [a, size === 1 ? zero : reshape(c, zero, [size, 1])]);
}

/** α·A'·B' + β·C. */
export const onnxGemm: OnnxReader = (c) => {
  const [a, b] = [c.input(0), c.input(1)];
  if (rankOf(c, a) !== 2 || rankOf(c, b) !== 2) c.malformed('A and B must be matrices');
  const scaled = (x: ValueId, by: number) => (by === 1 ? x : c.one('mul', [x, scalarLike(c, x, by)]));
  const x = c.config.bool('transA', false) ? turned(c, a) : a;
  const alpha = c.config.float('alpha', 1);
  const bias = hasInput(c, 2) ? scaled(c.input(2), c.config.float('beta', 1)) : null;
  const transB = c.config.bool('transB', false);
  if (!c.b.constantOf(b)) {
    const y = scaled(c.one('matmul', [x, transB ? turned(c, b) : b]), alpha);
    return bias === null ? y : c.one('add', [y, bias]);
  }
  const w = scaled(transB ? b : turned(c, b), alpha);
  const own = bias === null ? null : vector(c, bias, c.b.shape(w)[0]);
  const y = c.one('dense', [x, w, own ?? null]);
  return bias === null || own !== undefined ? y : c.one('add', [y, bias]);
};

/** C as one number per column, if it is. */
function vector(c: OnnxContext, bias: ValueId, columns: number): ValueId | undefined {
  const shape = c.b.shape(bias);
  const rows = shape.slice(0, -1);
  if (!c.b.constantOf(bias) || rows.some((d) => d !== 1)) return undefined;
  const flat = reshape(c, bias, [shape.at(-1) ?? 1]);
  return c.one('broadcastTo', [flat], { shape: [columns] });
}
