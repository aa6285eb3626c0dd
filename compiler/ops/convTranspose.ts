import { badShape } from '../errors.ts';
import { allocate, rowMajor, sizeOf } from '../ir/tensor.ts';
import { groupView, reshapeView, sliceView, type View, viewShape } from '../plan/view.ts';
import {
  type Attrs,
  defineOp,
  type LayerContext,
  type Lowering,
  type Tf,
  type TfTensor,
  type ValueId,
} from './define.ts';
import { elements, indices } from './elements.ts';
import { onnxConvTranspose } from './onnx-window.ts';
import {
  channelsFirst,
  checkConstant,
  checkFloat,
  checkWindow,
  range,
  slide,
  type Window,
} from './spatial.ts';
import { asImage, kernelLast, onChannelsLast, padSpatial, spread, wide } from './spatial-tf.ts';
import { fused } from './tensorflow.ts';
import { graphConvTranspose, liteConvTranspose } from './tensorflow-conv.ts';

/**
 * x [N, C, …spatial], weights [O, C/groups, …kernel], bias [O]? → [N, O, …out]: x[i]·w[k] is added to output
 * i·stride + k·dilation − pads[0]. `outputPadding` lengthens the output at its end.
 */
export type ConvTransposeAttrs = Attrs &
  Window & { readonly groups: number; readonly outputPadding: readonly number[] };

const outSize = (size: readonly number[], kernel: readonly number[], a: ConvTransposeAttrs) =>
  size.map((n, i) => {
    const reach = (n - 1) * a.strides[i] + (kernel[i] - 1) * a.dilations[i] + 1;
    return reach - a.pads[i][0] - a.pads[i][1] + a.outputPadding[i];
  });

export default defineOp<ConvTransposeAttrs>({
  kind: 'convTranspose',
  description: 'transposed convolution of any spatial rank; channels first',
  arity: [2, 3],
  infer([x, w, bias], a, place) {
    checkFloat([x, w, bias], place);
    checkConstant([w, bias], place);
    const rank = x!.shape.length - 2;
    if (w!.shape.length !== rank + 2)
      throw badShape(`weights [${w!.shape}] don't fit input [${x!.shape}]`, place);
    const kernel = w!.shape.slice(2);
    checkWindow(rank, kernel, a, place);
    if (a.outputPadding.length !== rank || a.outputPadding.some((n) => !Number.isInteger(n) || n < 0)) {
      throw badShape(`output padding [${a.outputPadding}] must be ${rank} whole numbers ≥ 0`, place);
    }
    const [o, perGroup] = w!.shape;
    if (
      !Number.isInteger(a.groups) ||
      a.groups < 1 ||
      o % a.groups !== 0 ||
      perGroup * a.groups !== x!.shape[1]
    ) {
      throw badShape(`${a.groups} groups don't divide ${x!.shape[1]} input and ${o} output channels`, place);
    }
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== o)) {
      throw badShape(`bias [${bias.shape}] is not [${o}]`, place);
    }
    const out = outSize(x!.shape.slice(2), kernel, a);
    if (out.some((d) => d < 1)) throw badShape(`the output of [${x!.shape}] would be [${out}]`, place);
    return [{ dtype: 'float32', shape: [x!.shape[0], o, ...out] }];
  },
  eval([x, w, bias], a) {
    const [n, c, ...size] = x!.shape;
    const [o, perGroup, ...kernel] = w!.shape;
    const out = outSize(size, kernel, a);
    const shape = [n, o, ...out];
    const sums = new Float64Array(sizeOf(shape));
    const pixels = sizeOf(out);
    if (bias) sums.forEach((_, i) => void (sums[i] = bias.data[Math.floor(i / pixels) % o]));
    const weight = elements(w!);
    const strides = rowMajor(out);
    let at = 0;
    for (const [b, ci, ...i] of indices(x!.shape)) {
      const value = x!.data[at++];
      const group = Math.floor(ci / (c / a.groups));
      for (const k of indices(kernel)) {
        const q = i.map((p, d) => p * a.strides[d] + k[d] * a.dilations[d] - a.pads[d][0]);
        if (q.some((p, d) => p < 0 || p >= out[d])) continue;
        const pixel = q.reduce((s, p, d) => s + p * strides[d], 0);
        for (let r = 0; r < o / a.groups; r++) {
          const row = group * (o / a.groups) + r;
          sums[(b * o + row) * pixels + pixel] += value * weight([row, ci % perGroup, ...k]);
        }
      }
    }
    return [{ dtype: 'float32', shape, data: Float32Array.from(sums) }];
  },
  lower(l, a) {
    const { shape } = l.outputType(0);
    const y = l.temp('float32', shape);
    const kernel = l.inputType(1).shape.slice(2);
    const input = l.view(0);
    const x = a.groups > 1 && input.dims[1].length > 1 ? l.materialize(input) : input;
    const axes = kernel.map((k, d) =>
      range(0, Math.min(a.strides[d], shape[2 + d])).map((q) => phase(q, k, shape[2 + d], a, d)),
    );
    for (const pick of indices(axes.map((list) => list.length))) {
      const phases = pick.map((i, d) => axes[d][i]);
      const part = sliceView(
        y,
        [0, 0, ...phases.map((p) => p.start)],
        [shape[0], shape[1], ...phases.map((p) => p.count)],
        [1, 1, ...a.strides],
      )!;
      emitPhase(l, x, part, phases, a);
    }
    return [y];
  },
  macs: ([x, w]) => sizeOf(x!.shape) * (sizeOf(w!.shape) / w!.shape[1]),
  linear: { weights: 1, bias: 2, axis: 1, uniform: () => false },
  prunable: (a) => [{ input: 1, groups: a.groups }],
  channels: (_i, _o, a) =>
    a.groups > 1
      ? []
      : [
          [
            [0, 1],
            [1, 1],
          ],
          [
            [1, 0],
            [2, 0],
            [-1, 1],
          ],
        ],
  ...onChannelsLast<ConvTransposeAttrs>((tf, [x, w, bias], a) => {
    const kernel = spread(tf, w!, a.dilations);
    const xs = a.groups === 1 ? [x!] : tf.split(x!, a.groups, -1);
    const ws = a.groups === 1 ? [kernel] : tf.split(kernel, a.groups, 0);
    const parts = xs.map((part, g) => asImage(tf, part, (image) => deconvolve(tf, image, ws[g], a.strides)));
    const cut = a.pads.map(([before, after], i) => [-before, a.outputPadding[i] - after] as const);
    const y = padSpatial(tf, parts.length === 1 ? parts[0] : tf.concat(parts, -1), cut);
    return [bias ? tf.add(y, bias) : y];
  }),
  names: {
    onnx: { ConvTranspose: onnxConvTranspose },
    graph: { Conv2DBackpropInput: graphConvTranspose },
    tflite: { TRANSPOSE_CONV: fused(liteConvTranspose) },
    layers: { Conv1DTranspose: readLayer, Conv2DTranspose: readLayer, Conv3DTranspose: readLayer },
  },
  samples: [
    sample('2x2_stride2', [1, 3, 4, 5], [2, 3, 2, 2], { strides: [2, 2] }),
    sample('3x3_stride2_same', [1, 3, 4, 4], [2, 3, 3, 3], {
      strides: [2, 2],
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
    sample('4x4_stride2_pad1', [2, 2, 3, 3], [3, 2, 4, 4], {
      strides: [2, 2],
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    sample('output_padding', [1, 2, 3, 3], [2, 2, 3, 3], {
      strides: [2, 3],
      pads: [
        [1, 1],
        [0, 2],
      ],
      outputPadding: [1, 2],
    }),
    sample('kernel_smaller_than_stride', [1, 2, 3], [2, 2, 2], { strides: [3], outputPadding: [1] }),
    sample('dilated', [1, 2, 5, 4], [3, 2, 3, 2], { dilations: [2, 3] }),
    sample('dilated_strided', [1, 2, 5, 4], [3, 2, 3, 3], {
      strides: [2, 3],
      dilations: [2, 2],
      pads: [
        [1, 0],
        [2, 1],
      ],
    }),
    sample('groups', [1, 4, 3, 3], [6, 2, 3, 3], { groups: 2, strides: [2, 2] }),
    sample('depthwise', [1, 4, 3, 3], [4, 1, 3, 3], { groups: 4, strides: [2, 2] }),
    sample(
      'sparse',
      [1, 8, 4, 4],
      [8, 8, 4, 4],
      {
        strides: [2, 2],
        pads: [
          [1, 1],
          [1, 1],
        ],
      },
      0.9,
    ),
    sample('three_dimensional', [1, 2, 2, 3, 2], [2, 2, 2, 2, 3], { strides: [2, 1, 2] }),
  ],
});

/** Outputs `start`, `start + stride`, … of one axis: an ordinary convolution of `taps` with stride 1. */
interface Phase {
  readonly start: number;
  readonly count: number;
  /** Kernel indices, in the order in which the input is walked forwards. */
  readonly taps: readonly number[];
  readonly dilation: number;
  readonly before: number;
}

function phase(start: number, kernel: number, size: number, a: ConvTransposeAttrs, d: number): Phase {
  const { strides, dilations, pads } = a;
  const [s, e, lead] = [strides[d], dilations[d], pads[d][0]];
  // Output start + s·j takes tap k from input j + (start + lead − k·e) / s, where that is whole.
  const at = (k: number) => (start + lead - k * e) / s;
  const taps = range(0, kernel)
    .filter((k) => Number.isInteger(at(k)))
    .reverse();
  return {
    start,
    count: Math.ceil((size - start) / s),
    taps,
    dilation: taps.length > 1 ? at(taps[1]) - at(taps[0]) : 1,
    before: taps.length > 0 ? 0 - at(taps[0]) : 0,
  };
}

function emitPhase(l: Lowering, x: View, y: View, phases: readonly Phase[], a: ConvTransposeAttrs): void {
  const [n, o, ...out] = viewShape(y);
  const pixels = sizeOf(out);
  const flat = groupView(y, [[0], [1], range(2, 2 + out.length)]);
  const rows = reshapeView(flat, [n, a.groups, o / a.groups, pixels])!;
  const w = l.constantOf(1)!;
  const bias = l.has(2) ? l.constantId(2) : undefined;
  const kernel = phases.map((p) => p.taps.length);
  if (kernel.includes(0)) {
    // No tap reaches these outputs: they are the bias.
    const b = l.has(2) ? l.view(2) : l.constant({ dtype: 'float32', shape: [1], data: new Float32Array(1) });
    const dims = [n, o, pixels].map((size, d) =>
      d === 1 && l.has(2) ? b.dims[0] : [{ size, axis: -1, step: 0 }],
    );
    l.emit({ form: 'move', x: { ...b, dims }, y: flat, fill: 0 });
    return;
  }
  const read = elements(w);
  const picked = {
    dtype: 'float32' as const,
    shape: [o, w.shape[1], ...kernel],
    data: allocate('float32', 0),
  };
  picked.data = Float32Array.from(indices(picked.shape), ([r, c, ...t]) =>
    read([r, c, ...t.map((i, d) => phases[d].taps[i])]),
  );
  const columns = slide(l, x, kernel, out, {
    strides: phases.map(() => 1),
    dilations: phases.map((p) => p.dilation),
    pads: phases.map((p) => [p.before, 0] as const),
  });
  const split = reshapeView(columns, [n, a.groups, w.shape[1], sizeOf(kernel), pixels])!;
  const weights = l.constant(picked).value;
  l.emit({ form: 'linear', x: groupView(split, [[0], [1], [2, 3], [4]]), weights, bias, y: rows });
}

/** x [N, …spatial, C], w [O, C, …kernel], spread; no padding. */
function deconvolve(tf: Tf, x: TfTensor, w: TfTensor, given: readonly number[]): TfTensor {
  const strides = wide(given, 1);
  if (strides.length === 3) return deconvolve3d(tf, x, w, strides);
  const last = kernelLast(tf, w, 'OI');
  const out = strides.map((s, d) => (x.shape[1 + d]! - 1) * s + last.shape[d]!);
  const shape = [x.shape[0], ...out, w.shape[0]] as never;
  return tf.conv2dTranspose(x as never, last as never, shape, strides as never, 'valid');
}

/** tfjs has no gradient of its own one: a convolution of x with zeros in between, with the flipped kernel. */
function deconvolve3d(tf: Tf, x: TfTensor, w: TfTensor, strides: readonly number[]): TfTensor {
  const stuffed = spread(tf, x, strides, 1);
  const edge = w.shape.slice(2).map((k): [number, number] => [(k as number) - 1, (k as number) - 1]);
  const image = padSpatial(tf, stuffed, edge);
  const flipped = tf.reverse(kernelLast(tf, w, 'IO'), [0, 1, 2]);
  return tf.conv3d(image as never, flipped as never, 1, 'valid');
}

/** Keras: kernel […k, O, C]. */
function readLayer(c: LayerContext): ValueId {
  const source = c.weight('kernel');
  const rank = c.b.shape(source).length - 2;
  const w = c.one('transpose', [source], { perm: [rank, rank + 1, ...range(0, rank)] });
  const kernel = c.b.shape(source).slice(0, rank);
  const strides = c.config.ints('strides', rank, Array(rank).fill(1));
  const dilations = c.config.ints('dilation_rate', rank, Array(rank).fill(1));
  const same = c.config.str('padding', 'valid').toLowerCase() === 'same';
  const extra = c.config.has('output_padding') ? c.config.ints('output_padding', rank) : undefined;
  const bias = c.hasWeight('bias') ? c.weight('bias') : null;
  const y = channelsFirst(c, c.input(0), (x) => {
    const axes = c.b
      .shape(x)
      .slice(2)
      .map((size, d) => {
        const taps = (kernel[d] - 1) * dilations[d] + 1;
        const full = (size - 1) * strides[d] + taps;
        const out = extra
          ? full + extra[d] - (same ? 2 * (taps >> 1) : 0)
          : same
            ? size * strides[d]
            : size * strides[d] + Math.max(taps - strides[d], 0);
        const cut = Math.max(0, full - out);
        const before = same ? cut >> 1 : 0;
        return { pads: [before, cut - before], grow: out - (full - cut) };
      });
    return c.one('convTranspose', [x, w, bias], {
      strides,
      dilations,
      pads: axes.map((p) => p.pads),
      outputPadding: axes.map((p) => p.grow),
      groups: 1,
    });
  });
  return c.activation(y, c.config.raw('activation'));
}

function sample(name: string, x: number[], w: number[], a: Partial<ConvTransposeAttrs>, sparsity = 0) {
  const one = w.slice(2).map(() => 1);
  const base = { strides: one, dilations: one, pads: one.map(() => [0, 0] as const), groups: 1 };
  return {
    name,
    inputs: [{ shape: x }, { shape: w, constant: true, sparsity }, { shape: [w[0]], constant: true }],
    attrs: { ...base, outputPadding: one.map(() => 0), ...a } as ConvTransposeAttrs,
  };
}
