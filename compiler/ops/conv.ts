import { badShape } from '../errors.ts';
import { allocate, rowMajor } from '../ir/tensor.ts';
import { groupView, reshapeView } from '../plan/view.ts';
import { type Attrs, defineOp, type LayerContext, type ValueId } from './define.ts';
import { channelsFirst, checkWindow, range, slide, type Window, windowSize, wordPads } from './spatial.ts';

/** x [N, C, …spatial], weights [O, C/groups, …kernel], bias [O]? → [N, O, …out]. */
export type ConvAttrs = Attrs & Window & { readonly groups: number };

export default defineOp<ConvAttrs>({
  kind: 'conv',
  description: 'convolution of any spatial rank, grouped, strided, dilated; channels first',
  arity: [2, 3],
  infer([x, w, bias], a, place) {
    const rank = x!.shape.length - 2;
    if (w!.shape.length !== rank + 2)
      throw badShape(`weights [${w!.shape}] don't fit input [${x!.shape}]`, place);
    const kernel = w!.shape.slice(2);
    checkWindow(rank, kernel, a, place);
    const [n, c] = x!.shape;
    const [o, perGroup] = w!.shape;
    if (!Number.isInteger(a.groups) || a.groups < 1 || o % a.groups !== 0 || perGroup * a.groups !== c) {
      throw badShape(
        `${a.groups} groups don't divide ${c} input and ${o} output channels (weights [${w!.shape}])`,
        place,
      );
    }
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== o))
      throw badShape(`bias [${bias.shape}] is not [${o}]`, place);
    const out = kernel.map((k, i) =>
      windowSize(x!.shape[2 + i], k, a.strides[i], a.dilations[i], a.pads[i][0] + a.pads[i][1]),
    );
    if (out.some((d) => d < 1))
      throw badShape(`kernel [${kernel}] is larger than the padded input [${x!.shape}]`, place);
    return [{ dtype: 'float32', shape: [n, o, ...out] }];
  },
  eval([x, w, bias], a) {
    const [n, c, ...size] = x!.shape;
    const [o, perGroup, ...kernel] = w!.shape;
    const out = kernel.map((k, i) =>
      windowSize(size[i], k, a.strides[i], a.dilations[i], a.pads[i][0] + a.pads[i][1]),
    );
    const shape = [n, o, ...out];
    const data = allocate(
      'float32',
      shape.reduce((s, d) => s * d, 1),
    );
    const sx = rowMajor(x!.shape);
    const taps = kernel.reduce((s, d) => s * d, 1);
    const pixels = out.reduce((s, d) => s * d, 1);
    const tapIndex = rowMajor(kernel);
    const outIndex = rowMajor(out);
    let at = 0;
    for (let b = 0; b < n; b++) {
      for (let r = 0; r < o; r++) {
        const first = Math.floor(r / (o / a.groups)) * (c / a.groups);
        for (let p = 0; p < pixels; p++) {
          let sum = bias ? bias.data[r] : 0;
          for (let t = 0; t < taps; t++) {
            let offset = 0;
            let inside = true;
            for (let d = 0; d < kernel.length; d++) {
              const k = Math.floor(t / tapIndex[d]) % kernel[d];
              const q = Math.floor(p / outIndex[d]) % out[d];
              const i = q * a.strides[d] + k * a.dilations[d] - a.pads[d][0];
              if (i < 0 || i >= size[d]) inside = false;
              offset += i * sx[2 + d];
            }
            if (!inside) continue;
            for (let ci = 0; ci < perGroup; ci++) {
              sum +=
                x!.data[b * sx[0] + (first + ci) * sx[1] + offset] * w!.data[(r * perGroup + ci) * taps + t];
            }
          }
          data[at++] = sum;
        }
      }
    }
    return [{ dtype: 'float32', shape, data }];
  },
  lower(l, a) {
    const { shape } = l.outputType(0);
    const [n, o, ...out] = shape;
    const w = l.inputType(1).shape;
    const kernel = w.slice(2);
    const c = w[1] * a.groups;
    const y = l.temp('float32', shape);
    const flat = groupView(y, [[0], [1], range(2, shape.length)]);
    const bias = l.has(2) ? l.constantId(2) : undefined;
    const x = slide(l, l.view(0), kernel, out, a);
    if (w[1] === 1 && a.groups > 1) {
      // Depthwise: every output channel slides over one input channel.
      const spread = reshapeView(x, [
        n,
        c,
        1,
        ...x.dims.slice(2).map((d) => d.reduce((s, f) => s * f.size, 1)),
      ])!;
      const repeated = {
        ...spread,
        dims: spread.dims.map((d, i) => (i === 2 ? [{ size: o / c, axis: -1, step: 0 }] : d)),
      };
      l.emit({
        form: 'window',
        reduce: 'sum',
        x: groupView(repeated, [[0], [1, 2], [3], [4]]),
        weights: l.constantId(1),
        bias,
        y: flat,
      });
      return [y];
    }
    const split = reshapeView(x, [
      n,
      a.groups,
      c / a.groups,
      ...x.dims.slice(2).map((d) => d.reduce((s, f) => s * f.size, 1)),
    ])!;
    const rows = reshapeView(flat, [n, a.groups, o / a.groups, out.reduce((s, d) => s * d, 1)])!;
    l.emit({
      form: 'linear',
      x: groupView(split, [[0], [1], [2, 3], [4]]),
      weights: l.constantId(1),
      bias,
      y: rows,
    });
    return [y];
  },
  macs: (inputs, [y]) =>
    y.shape.reduce((s, d) => s * d, 1) * inputs[1]!.shape.slice(1).reduce((s, d) => s * d, 1),
  prunable: (a) => [{ input: 1, groups: a.groups }],
  channels: (_i, _o, a) =>
    a.groups === 1
      ? [
          [
            [0, 1],
            [1, 1],
          ],
          [
            [1, 0],
            [2, 0],
            [-1, 1],
          ],
        ]
      : [
          [
            [0, 1],
            [1, 0],
            [2, 0],
            [-1, 1],
          ],
        ],
  names: {
    layers: { Conv1D: readConv, Conv2D: readConv },
  },
  samples: [
    conv('3x3_same', [1, 3, 6, 7], [4, 3, 3, 3], {
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('1x1', [1, 5, 4, 4], [7, 5, 1, 1], {}),
    conv('stride2_same_even', [1, 3, 8, 8], [5, 3, 3, 3], {
      strides: [2, 2],
      pads: [
        [0, 1],
        [0, 1],
      ],
    }),
    conv('dilated', [1, 2, 9, 9], [3, 2, 3, 3], { dilations: [2, 2] }),
    conv('groups', [1, 4, 5, 5], [6, 2, 3, 3], {
      groups: 2,
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('depthwise', [1, 6, 8, 9], [6, 1, 3, 3], {
      groups: 6,
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('depthwise_multiplier_stride2', [1, 3, 9, 9], [6, 1, 3, 3], {
      groups: 3,
      strides: [2, 2],
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv('batch2', [2, 3, 5, 5], [4, 3, 3, 3], {}),
    conv('one_dimensional', [1, 4, 11], [3, 4, 5], { strides: [2], dilations: [1], pads: [[2, 2]] }),
    conv(
      'sparse_3x3',
      [1, 8, 10, 10],
      [16, 8, 3, 3],
      {
        pads: [
          [1, 1],
          [1, 1],
        ],
      },
      0.9,
    ),
    conv('sparse_1x1', [1, 32, 7, 7], [24, 32, 1, 1], {}, 0.8),
  ],
});

function conv(name: string, x: number[], w: number[], a: Partial<ConvAttrs>, sparsity = 0) {
  const rank = x.length - 2;
  const one = range(0, rank).map(() => 1);
  const attrs: ConvAttrs = {
    strides: one,
    dilations: one,
    pads: one.map(() => [0, 0] as const),
    groups: 1,
    ...a,
  };
  return {
    name,
    attrs,
    inputs: [{ shape: x }, { shape: w, constant: true, sparsity }, { shape: [w[0]], constant: true }],
  };
}

/** Keras Conv1D, Conv2D: kernel [k…, C/groups, O]. */
function readConv(c: LayerContext): ValueId {
  const kernel = c.weight('kernel');
  const shape = c.b.shape(kernel);
  const rank = shape.length - 2;
  const strides = c.config.ints(
    'strides',
    rank,
    range(0, rank).map(() => 1),
  );
  const dilations = c.config.ints(
    'dilation_rate',
    rank,
    range(0, rank).map(() => 1),
  );
  const padding = c.config.str('padding', 'valid');
  const w = c.one('transpose', [kernel], { perm: [rank + 1, rank, ...range(0, rank)] });
  const bias = c.hasWeight('bias') ? c.weight('bias') : null;
  const y = channelsFirst(c, c.input(0), (x) => {
    const spatial = c.b.shape(x).slice(2);
    const causal = padding === 'causal' && rank === 1;
    const pads = causal
      ? [[(shape[0] - 1) * dilations[0], 0] as [number, number]]
      : wordPads(c, padding, spatial, shape.slice(0, rank), strides, dilations);
    return c.one('conv', [x, w, bias], { strides, dilations, pads, groups: c.config.int('groups', 1) });
  });
  return c.activation(y, c.config.raw('activation'));
}
