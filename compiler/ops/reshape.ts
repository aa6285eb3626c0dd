import { badShape } from '../errors.ts';
import { sameShape, sizeOf } from '../ir/tensor.ts';
import { type AxisLink, defineOp, type LayerContext, type Shape } from './define.ts';
import { onnxFlatten, onnxReshape, onnxShape, onnxSize, onnxSqueeze, onnxUnsqueeze } from './onnx-shape.ts';
import { range, unpermute } from './spatial.ts';
import {
  readExpandDims,
  readRank,
  readReshape,
  readShape,
  readSize,
  readSqueeze,
} from './tensorflow-shape.ts';

export default defineOp<{ readonly shape: Shape }>({
  kind: 'reshape',
  description: 'the same elements, row-major, in another static shape',
  arity: [1, 1],
  infer([x], { shape }, place) {
    if (sizeOf(shape, place) !== sizeOf(x!.shape))
      throw badShape(`[${x!.shape}] can't become [${shape}]`, place);
    return [{ dtype: x!.dtype, shape }];
  },
  eval: ([x], { shape }) => [{ ...x!, shape }],
  channels: ([x], _o, { shape }) => reshapeLinks(x!.shape, shape),
  shrink: ({ shape }, kept) => ({ shape: shape.map((_, d) => kept(-1, d).length) }),
  identity: ([x], { shape }) => (sameShape(x!.shape, shape) ? 0 : undefined),
  permute({ shape }, perm, [x]) {
    // Only where axes of size 1 come and go; they stay in place, all others take the order of the source.
    const from = wideAxes(x!.shape);
    const to = wideAxes(shape);
    if (from.length !== to.length || from.some((d, i) => x!.shape[d] !== shape[to[i]])) return undefined;
    const order = [...from].sort((a, b) => perm[a] - perm[b]);
    const turned = shape.map((_, d) => d);
    from.forEach((d, i) => {
      turned[to[i]] = to[order.indexOf(d)];
    });
    return { attrs: { shape: unpermute(shape, turned) }, perm: turned };
  },
  lower: (l, { shape }) => [l.reshape(l.view(0), shape)],
  tf: (tf, [x], { shape }) => [tf.reshape(x!, [-1, ...shape.slice(1)])],
  names: {
    onnx: {
      Reshape: onnxReshape,
      Flatten: onnxFlatten,
      Squeeze: onnxSqueeze,
      Unsqueeze: onnxUnsqueeze,
      Shape: onnxShape,
      Size: onnxSize,
    },
    graph: {
      Reshape: readReshape,
      Squeeze: readSqueeze,
      ExpandDims: readExpandDims,
      Shape: readShape,
      Rank: readRank,
      Size: readSize,
    },
    tflite: {
      RESHAPE: readReshape,
      SQUEEZE: readSqueeze,
      EXPAND_DIMS: readExpandDims,
      SHAPE: readShape,
      RANK: readRank,
    },
    layers: {
      Flatten: (c) => {
        const x = c.input(0);
        const shape = c.b.shape(x);
        const first = c.config.str('data_format', 'channels_last') === 'channels_first' && shape.length > 2;
        const last = first
          ? c.one('transpose', [x], { perm: [0, ...shape.slice(2).map((_, i) => i + 2), 1] })
          : x;
        return c.one('reshape', [last], { shape: [shape[0], sizeOf(shape.slice(1))] });
      },
      Reshape: (c) => {
        const x = c.input(0);
        const [n, ...rest] = c.b.shape(x);
        const target = readTarget(c);
        const known = target.filter((d) => d !== -1).reduce((s, d) => s * d, 1);
        return c.one('reshape', [x], {
          shape: [n, ...target.map((d) => (d === -1 ? sizeOf(rest) / known : d))],
        });
      },
    },
  },
  samples: [
    { name: 'flatten', inputs: [{ shape: [1, 3, 4, 5] }], attrs: { shape: [1, 60] } },
    { name: 'split', inputs: [{ shape: [2, 12] }], attrs: { shape: [2, 3, 4] } },
    { name: 'uneven', inputs: [{ shape: [4, 6] }], attrs: { shape: [3, 8] } },
    { name: 'int', inputs: [{ shape: [6], dtype: 'int32' }], attrs: { shape: [1, 6, 1] } },
  ],
});

/** The shapes are cut where both have come equally far; in each piece, one axis is a number whose digits are the others. */
function reshapeLinks(from: Shape, to: Shape): AxisLink[] {
  const links: AxisLink[] = [];
  if (from.includes(0)) return links;
  const left = wideAxes(from);
  const right = wideAxes(to);
  while (left.length > 0 && right.length > 0) {
    const a = [left.shift()!];
    const b = [right.shift()!];
    const size = (shape: Shape, axes: readonly number[]) => axes.reduce((n, d) => n * shape[d], 1);
    while (size(from, a) !== size(to, b)) {
      if (size(from, a) < size(to, b)) a.push(left.shift()!);
      else b.push(right.shift()!);
    }
    const whole = a.length === 1 ? a[0] : b[0];
    const length = size(from, a);
    const digits = a.length === 1 ? b : a;
    if (a.length > 1 && b.length > 1) continue;
    const shape = a.length === 1 ? to : from;
    const [number, digit] = a.length === 1 ? [0, -1] : [-1, 0];
    digits.forEach((d, i) => {
      const inner = size(shape, digits.slice(i + 1));
      links.push(
        digits.length === 1
          ? [
              [digit, d],
              [number, whole],
            ]
          : [
              [digit, d],
              [number, whole, { start: 0, length, inner }],
            ],
      );
    });
  }
  return links;
}

const wideAxes = (shape: Shape) => range(0, shape.length).filter((d) => shape[d] !== 1);

/** tfjs writes the open dimension as null, Keras as -1. */
function readTarget(c: LayerContext): number[] {
  const raw = c.config.raw('target_shape');
  if (!Array.isArray(raw)) return c.malformed('config "target_shape" must be a list');
  return raw.map((d) => (d === null ? -1 : Number.isInteger(d) ? d : c.malformed(`bad dimension ${d}`)));
}
