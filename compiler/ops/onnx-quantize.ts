/** ONNX quantization: integers as float operators between a dequantize and a quantize, exact below 2²⁴. */
import type { OnnxContext, OnnxReader, ValueId } from './define.ts';
import { axisOf, cast, dtypeOf, hasInput, perChannel, rankOf } from './onnx.ts';
import { product } from './onnx-product.ts';
import { conv } from './onnx-window.ts';

/** Scale and zero point of one tensor, or one of each per element of the axis. */
function spread(c: OnnxContext, x: ValueId, list: ValueId, axis: number): ValueId {
  const rank = rankOf(c, x);
  const shape = c.b.shape(list);
  if (shape.length > 1) return c.unsupported('quantization in blocks');
  if (shape.length === 0 || shape[0] === 1) return c.one('reshape', [list], { shape: [] });
  return perChannel(c, list, rank, axisOf(c, axis, rank));
}

function dequantized(
  c: OnnxContext,
  x: ValueId,
  scale: ValueId,
  zero: ValueId | null,
  axis: number,
): ValueId {
  const origin = zero ?? c.b.constant({ dtype: 'int32', shape: [], data: Int32Array.of(0) }, '0');
  return c.one('dequantizeLinear', [x, spread(c, x, scale, axis), spread(c, x, origin, axis)]);
}

function quantized(c: OnnxContext, x: ValueId, scale: ValueId, zero: ValueId | null, axis: number): ValueId {
  const origin = zero ?? c.b.constant({ dtype: 'uint8', shape: [], data: Uint8Array.of(0) }, '0');
  const value = cast(c, x, 'float32');
  return c.one('quantizeLinear', [value, spread(c, x, scale, axis), spread(c, x, origin, axis)], {
    to: dtypeOf(c, origin),
  });
}

const optional = (c: OnnxContext, i: number) => (hasInput(c, i) ? c.input(i) : null);

export const onnxDequantize: OnnxReader = (c) =>
  dequantized(c, c.input(0), c.input(1), optional(c, 2), c.config.int('axis', 1));

export const onnxQuantize: OnnxReader = (c) =>
  quantized(c, c.input(0), c.input(1), optional(c, 2), c.config.int('axis', 1));

/** Inputs x, its scale and zero point, w, its scale and zero point, those of y, bias (int32 of scale x · scale w)? */
export const onnxQLinearConv: OnnxReader = (c) => {
  const x = dequantized(c, c.input(0), c.input(1), c.input(2), 1);
  const w = dequantized(c, c.input(3), c.input(4), c.input(5), 0);
  const bias = hasInput(c, 8)
    ? c.one('mul', [cast(c, c.input(8), 'float32'), c.one('mul', [c.input(1), c.input(4)])])
    : null;
  return quantized(c, conv(c, x, w, bias), c.input(6), c.input(7), 1);
};

export const onnxQLinearMatMul: OnnxReader = (c) => {
  const a = dequantized(c, c.input(0), c.input(1), c.input(2), -2);
  const b = dequantized(c, c.input(3), c.input(4), c.input(5), -1);
  return quantized(c, product(c, a, b), c.input(6), c.input(7), -1);
};

/** y, its scale and zero point: of the range of x, widened to hold 0. */
export const onnxDynamicQuantize: OnnxReader = (c) => {
  const x = c.input(0);
  const axes = c.b.shape(x).map((_, d) => d);
  const zero = c.b.scalar(0);
  const high = c.one('maximum', [c.one('reduceMax', [x], { axes, keepDims: false }), zero]);
  const low = c.one('minimum', [c.one('reduceMin', [x], { axes, keepDims: false }), zero]);
  const scale = c.one('div', [c.one('sub', [high, low]), c.b.scalar(255)]);
  const shift = c.one('round', [
    c.one('clip', [c.one('div', [c.one('neg', [low]), scale])], { min: 0, max: 255 }),
  ]);
  const point = cast(c, shift, 'uint8');
  return [c.one('quantizeLinear', [x, scale, point], { to: 'uint8' }), scale, point];
};
