/** Kernels with weights: the filter, the right matrix and the bias are constants of the module. */
import type { ValueId } from '../../../../compiler/ir/graph.ts';
import { sizeOf } from '../../../../compiler/ir/tensor.ts';
import type { Context, Translation } from './context.ts';
import { channelsFirst, channelsLast, padsOf, spatial } from './windows.ts';

const weighted = (names: readonly string[], build: Translation['build']): Translation => ({
  constants: (call) => names.filter((n) => call.names.includes(n)),
  build,
});

function activated(c: Context, x: ValueId, slope: ValueId | undefined): ValueId {
  switch (c.attr<string | undefined>('activation')) {
    case undefined:
    case 'linear':
      return x;
    case 'relu':
      return c.one('relu', [x]);
    case 'relu6':
      return c.one('clip', [x], { min: 0, max: 6 });
    case 'elu':
      return c.one('elu', [x], { alpha: 1 });
    case 'sigmoid':
      return c.one('sigmoid', [x]);
    case 'leakyrelu':
      return c.one('leakyRelu', [x], { alpha: c.attr<number>('leakyreluAlpha') });
    case 'prelu':
      return c.one('prelu', [x, slope!]);
    default:
      throw new Error(`activation ${c.attr('activation')}`);
  }
}

/** An operand that broadcasts to the channels of an image; a list of channels stands before the pixels where they come first. */
function perChannel(c: Context, name: string, first: boolean): ValueId | undefined {
  if (!c.has(name)) return undefined;
  const id = c.id(name);
  const shape = c.shape(id);
  return first && shape.length === 1 ? c.reshape(id, [shape[0], 1, 1]) : id;
}

interface Convolution {
  readonly rank: 2 | 3;
  readonly depthwise?: boolean;
}

function convolve(c: Context, { rank, depthwise = false }: Convolution): ValueId {
  const { backend_util: util } = c.tf;
  const format = c.attr<string>('dataFormat');
  const first = format === 'NCHW' || format === 'NCDHW';
  const shape = [...c.tensor('x').shape] as never;
  const filter = [...c.tensor('filter').shape];
  const [strides, dilations, pad] = ['strides', 'dilations', 'pad'].map((n) => c.attr<never>(n));
  const order = first ? 'channelsFirst' : 'channelsLast';
  const info =
    rank === 2
      ? util.computeConv2DInfo(
          shape,
          filter as never,
          strides,
          dilations ?? 1,
          pad,
          c.attr('dimRoundingMode'),
          depthwise,
          order,
        )
      : util.computeConv3DInfo(shape, filter as never, strides, dilations ?? 1, pad, false, order);
  const w = spatial(info);
  const x = first ? c.id('x') : channelsFirst(c, c.id('x'));
  const channels = c.shape(x)[1];
  const [inputs, outputs] = filter.slice(-2);
  const taps = w.kernel.map((_, d) => d);
  // HWIO → OIHW; depthwise filters have outputs per channel.
  const weights = depthwise
    ? c.reshape(c.transpose(c.id('filter'), [rank, rank + 1, ...taps]), [inputs * outputs, 1, ...w.kernel])
    : c.transpose(c.id('filter'), [rank + 1, rank, ...taps]);
  const total = depthwise ? inputs * outputs : outputs;
  const inside = c.has('bias') && sizeOf(c.tensor('bias').shape) === total;
  const bias = inside ? c.reshape(c.id('bias'), [total]) : null;
  const y = c.one('conv', [x, weights, bias], {
    strides: w.strides,
    dilations: w.dilations,
    pads: padsOf(w),
    groups: depthwise ? channels : channels / inputs,
  });
  const image = first ? y : channelsLast(c, y);
  const added = inside ? undefined : perChannel(c, 'bias', first);
  const sum = added === undefined ? image : c.one('add', [image, added]);
  return activated(c, sum, perChannel(c, 'preluActivationWeights', first));
}

/** The gradient of a convolution with respect to its input is the transposed convolution. */
function deconvolve(c: Context, rank: 2 | 3, gradient: string): ValueId {
  const { backend_util: util } = c.tf;
  const first = c.attr<string>('dataFormat') === 'NCHW';
  const filter = [...c.tensor('filter').shape] as never;
  const shape = c.attr<never>('inputShape');
  const [strides, pad] = [c.attr<never>('strides'), c.attr<never>('pad')];
  const info =
    rank === 2
      ? util.computeConv2DInfo(
          shape,
          filter,
          strides,
          1,
          pad,
          c.attr('dimRoundingMode'),
          false,
          first ? 'channelsFirst' : 'channelsLast',
        )
      : util.computeConv3DInfo(shape, filter, strides, 1, pad);
  const w = spatial(info);
  const x = first ? c.id(gradient) : channelsFirst(c, c.id(gradient));
  const excess = w.out.map((n, d) => (n - 1) * w.strides[d] + w.reach[d] - w.before[d] - w.size[d]);
  const weights = c.transpose(c.id('filter'), [rank, rank + 1, ...w.kernel.map((_, d) => d)]);
  const y = c.one('convTranspose', [x, weights, null], {
    strides: w.strides,
    dilations: w.dilations,
    pads: w.before.map((before, d) => [before, Math.max(0, excess[d])]),
    outputPadding: excess.map((n) => Math.max(0, -n)),
    groups: 1,
  });
  return first ? y : channelsLast(c, y);
}

/** Terms side by side over all labels, multiplied, summed over the labels that the result hasn't. */
function einsum(c: Context): ValueId {
  const [left, result] = c.attr<string>('equation').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const summed = [...new Set(left.replaceAll(',', ''))].filter((l) => !result.includes(l));
  const labels = [...result, ...summed];
  const product = terms
    .map((term, i) => {
      const present = labels.filter((l) => term.includes(l));
      const turned = c.transpose(
        c.ids[i],
        present.map((l) => term.indexOf(l)),
      );
      const size = c.shape(c.ids[i]);
      return c.reshape(
        turned,
        labels.map((l) => (term.includes(l) ? size[term.indexOf(l)] : 1)),
      );
    })
    .reduce((a, b) => c.one('mul', [a, b]));
  if (summed.length === 0) return product;
  const axes = summed.map((_, i) => result.length + i);
  return c.one('reduceSum', [product], { axes, keepDims: false });
}

/** One matrix on the right can be weights. */
const single = (shape: readonly number[]) => sizeOf(shape.slice(0, -2)) === 1;

function multiply(c: Context): ValueId {
  const turn = (id: ValueId, name: string) => {
    const n = c.shape(id).length;
    if (!c.attr<boolean>(name)) return id;
    return c.transpose(id, [...Array.from({ length: n - 2 }, (_, i) => i), n - 1, n - 2]);
  };
  const a = turn(c.cast(c.id('a'), 'float32'), 'transposeA');
  const b = c.cast(c.id('b'), 'float32');
  const right = c.shape(b);
  if (!single(right)) return c.one('matmul', [a, turn(b, 'transposeB')]);
  const matrix = c.reshape(b, right.slice(-2));
  const weights = c.attr<boolean>('transposeB') ? matrix : c.transpose(matrix, [1, 0]);
  const rows = c.shape(weights)[0];
  const inside = c.has('bias') && sizeOf(c.tensor('bias').shape) === rows;
  const y = c.one('dense', [a, weights, inside ? c.reshape(c.id('bias'), [rows]) : null]);
  return c.has('bias') && !inside ? c.one('add', [y, c.id('bias')]) : y;
}

export const linear: Readonly<Record<string, Translation>> = {
  Einsum: weighted([], einsum),
  BatchMatMul: {
    constants: (call) => (single(call.inputs[call.names.indexOf('b')].shape) ? ['b'] : []),
    build: (c) => c.cast(multiply(c), c.dtype(c.id('a'))),
  },
  _FusedMatMul: {
    constants: (call) =>
      single(call.inputs[call.names.indexOf('b')].shape)
        ? ['b', 'bias'].filter((n) => call.names.includes(n))
        : [],
    build(c) {
      const y = multiply(c);
      const b = c.shape(c.id('b'));
      const sum = single(b) || !c.has('bias') ? y : c.one('add', [y, c.id('bias')]);
      const slope = c.has('preluActivationWeights') ? c.id('preluActivationWeights') : undefined;
      return activated(c, sum, slope);
    },
  },
  Conv2D: weighted(['filter'], (c) => convolve(c, { rank: 2 })),
  FusedConv2D: weighted(['filter', 'bias'], (c) => convolve(c, { rank: 2 })),
  DepthwiseConv2dNative: weighted(['filter'], (c) => convolve(c, { rank: 2, depthwise: true })),
  FusedDepthwiseConv2D: weighted(['filter', 'bias'], (c) => convolve(c, { rank: 2, depthwise: true })),
  Conv2DBackpropInput: weighted(['filter'], (c) => deconvolve(c, 2, 'dy')),
  Conv3D: weighted(['filter'], (c) => convolve(c, { rank: 3 })),
  Conv3DBackpropInputV2: weighted(['filter'], (c) => deconvolve(c, 3, 'dy')),
};
