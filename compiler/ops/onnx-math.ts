/** ONNX operators that become several nodes of arithmetic. */
import { sizeOf } from '../ir/tensor.ts';
import type { OnnxContext, OnnxReader, ValueId } from './define.ts';
import {
  attrAxis,
  cast,
  dtypeOf,
  hasInput,
  operands,
  perChannel,
  rankOf,
  reshape,
  scalarLike,
  single,
} from './onnx.ts';
import { integer, typeNumbered } from './onnx-shape.ts';
import { range } from './spatial.ts';

/** (x − μ) · γ / √(σ² + ε) + β as one scale and one shift per channel, folded where they are constants. */
export const onnxBatchNorm: OnnxReader = (c) => {
  if (c.config.bool('training_mode', false)) return c.unsupported('batch normalization in training');
  const x = c.input(0);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => c.input(i));
  const deviation = c.one('sqrt', [c.one('add', [variance, c.b.scalar(c.config.float('epsilon', 1e-5))])]);
  const scale = c.one('div', [gamma, deviation]);
  const shift = c.one('sub', [beta, c.one('mul', [mean, scale])]);
  const rank = rankOf(c, x);
  return c.one('add', [c.one('mul', [x, perChannel(c, scale, rank)]), perChannel(c, shift, rank)]);
};

/** Before opset 13 all axes from `axis` on were one. */
export const softmax =
  (apply: (c: OnnxContext, x: ValueId, axis: number) => ValueId): OnnxReader =>
  (c) => {
    const x = c.input(0);
    const axis = attrAxis(c, c.opset < 13 ? 1 : -1);
    if (c.opset >= 13) return apply(c, x, axis);
    const shape = c.b.shape(x);
    const flat = reshape(c, x, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
    return reshape(c, apply(c, flat, 1), shape);
  };

/** 1 at the first largest element, else 0. */
export const hardmax = (c: OnnxContext, x: ValueId, axis: number): ValueId => {
  const at = c.one('argMax', [x], { axis, keepDims: false, last: false });
  const depth = c.b.shape(x)[axis];
  return c.one('oneHot', [at], { depth, axis, on: 1, off: 0, dtype: 'float32', wrap: false });
};

/** Bounds are attributes, constants or values. */
export const onnxClip: OnnxReader = (c) => {
  const x = c.input(0);
  const [low, high] = [1, 2].map((i) => (hasInput(c, i) ? c.b.constantOf(c.input(i)) : undefined));
  if ((!hasInput(c, 1) || low) && (!hasInput(c, 2) || high)) {
    const min = low ? low.data[0] : c.config.float('min', -Infinity);
    const max = high ? high.data[0] : c.config.float('max', Infinity);
    return c.one('clip', [x], { min, max });
  }
  const above = hasInput(c, 1) ? c.one('maximum', [x, c.input(1)]) : x;
  return hasInput(c, 2) ? c.one('minimum', [above, c.input(2)]) : above;
};

/** The exponent may be of another type; the result is of the type of the base. */
export const onnxPow: OnnxReader = (c) => {
  const [a, b] = operands(c);
  const type = dtypeOf(c, a);
  if (type === dtypeOf(c, b)) return c.one('pow', [a, b]);
  return cast(c, c.one('pow', [cast(c, a, 'float32'), cast(c, b, 'float32')]), type);
};

export const onnxMod: OnnxReader = (c) => {
  const unsigned = dtypeOf(c, c.input(0)) === 'uint8';
  return c.one(c.config.bool('fmod', false) && !unsigned ? 'fmod' : 'mod', [c.input(0), c.input(1)]);
};

export const onnxBitShift: OnnxReader = (c) => {
  const kind = { LEFT: 'shiftLeft', RIGHT: 'shiftRight' }[c.config.str('direction')];
  return kind ? c.one(kind, [c.input(0), c.input(1)]) : c.malformed('direction is neither LEFT nor RIGHT');
};

/** Slopes of one dimension were per channel before opset 7. */
export const onnxPRelu: OnnxReader = (c) => {
  const x = c.input(0);
  const slope = c.input(1);
  return c.one('prelu', [
    x,
    c.opset < 7 && rankOf(c, slope) === 1 ? perChannel(c, slope, rankOf(c, x)) : slope,
  ]);
};

/** x pulled towards 0 by `bias`, and 0 between −lambd and lambd. */
export const onnxShrink: OnnxReader = (c) => {
  const x = c.input(0);
  const [lambda, bias] = [c.config.float('lambd', 0.5), c.config.float('bias', 0)].map((v) =>
    scalarLike(c, x, v),
  );
  const zero = scalarLike(c, x, 0);
  const upper = c.one('where', [c.one('greater', [x, lambda]), c.one('sub', [x, bias]), zero]);
  return c.one('where', [c.one('less', [x, c.one('neg', [lambda])]), c.one('add', [x, bias]), upper]);
};

export const onnxNormalization: OnnxReader = (c) => {
  const x = c.input(0);
  const axes = [attrAxis(c, -1)];
  const p = c.config.int('p', 2);
  if (p === 2) return c.one('l2Normalize', [x], { axes, epsilon: 1e-24 });
  return p === 1
    ? c.one('div', [x, c.one('reduceL1', [x], { axes, keepDims: true })])
    : c.malformed(`p = ${p}`);
};

export const onnxMeanVariance: OnnxReader = (c) =>
  c.one('layerNorm', [c.input(0)], { axes: c.config.ints('axes', undefined, [0, 2, 3]), epsilon: 1e-18 });

/** Indices, depth, [off, on]. */
export const onnxOneHot: OnnxReader = (c) => {
  const values = c.constant(2);
  if (values.data.length !== 2) c.malformed('values must be two');
  const [off, on] = values.data;
  const attrs = {
    depth: single(c, 1),
    axis: c.config.int('axis', -1),
    on,
    off,
    dtype: values.dtype,
    wrap: true,
  };
  return c.one('oneHot', [integer(c, 0)], attrs);
};

export const onnxTopK: OnnxReader = (c) => {
  const k = c.config.has('k') ? c.config.int('k') : single(c, 1);
  return c.node('topK', [c.input(0)], { k, axis: attrAxis(c, -1), largest: c.config.bool('largest', true) });
};

export const arg =
  (kind: string): OnnxReader =>
  (c) =>
    c.one(kind, [c.input(0)], {
      axis: attrAxis(c, 0),
      keepDims: c.config.bool('keepdims', true),
      last: c.config.bool('select_last_index', false),
    });

export const reduce =
  (kind: string): OnnxReader =>
  (c) => {
    const x = c.input(0);
    const given = c.config.has('axes')
      ? c.config.ints('axes')
      : hasInput(c, 1)
        ? Array.from(c.constant(1).data)
        : [];
    if (given.length === 0 && c.config.bool('noop_with_empty_axes', false)) return x;
    const axes = given.length > 0 ? given : range(0, rankOf(c, x));
    return c.one(kind, [x], { axes, keepDims: c.config.bool('keepdims', true) });
  };

/** The mask says that nothing was dropped. */
export const onnxDropout: OnnxReader = (c) => {
  const x = c.input(0);
  if (hasInput(c, 2) && single(c, 2) !== 0 && !(hasInput(c, 1) && single(c, 1) === 0))
    return c.unsupported('dropout in training');
  const kept = c.b.constant({ dtype: 'bool', shape: [], data: Uint8Array.of(1) }, c.name);
  const shape = c.b.shape(x);
  return c.outputs[1] ? [x, c.one('broadcastTo', [kept], { shape })] : [x];
};

export const onnxCast: OnnxReader = (c) => cast(c, c.input(0), typeNumbered(c, c.config.int('to')));
export const onnxCastLike: OnnxReader = (c) => cast(c, c.input(0), dtypeOf(c, c.input(1)));
