import { e } from '../plan/expr.ts';
import { defineOp } from './define.ts';
import { globalPool, pool } from './onnx-window.ts';
import {
  evalPool,
  fullPads,
  inferPool,
  type PoolAttrs,
  poolLinks,
  poolMacs,
  poolSample,
  poolViews,
  readPool,
  tapCounts,
  tfPool,
} from './pool.ts';
import { onChannelsLast, padSpatial } from './spatial-tf.ts';
import { fused } from './tensorflow.ts';
import { graphPool, litePool } from './tensorflow-conv.ts';

/** `countIncludePad`: padding counts as zeros; what a ceil-mode window covers beyond it doesn't. */
export type AveragePoolAttrs = PoolAttrs & { readonly countIncludePad: boolean };

export default defineOp<AveragePoolAttrs>({
  kind: 'averagePool',
  description: 'mean of a sliding window',
  arity: [1, 1],
  infer: inferPool,
  eval: ([x], a) => [
    evalPool(
      x!,
      a,
      (inside, cells) => inside.reduce((s, v) => s + v, 0) / (a.countIncludePad ? cells : inside.length),
    ),
  ],
  lower(l, a) {
    const { x, y, flat } = poolViews(l, a);
    if (!a.countIncludePad) {
      l.emit({ form: 'window', reduce: 'mean', x, y: flat });
      return [y];
    }
    const share = tapCounts(l.inputType(0).shape.slice(2), a, true).map((n) => 1 / n);
    const c = l.constant({ dtype: 'float32', shape: [share.length], data: share });
    const [n, channels] = l.outputType(0).shape;
    const spread = {
      ...c,
      dims: [[{ size: n, axis: -1, step: 0 }], [{ size: channels, axis: -1, step: 0 }], c.dims[0]],
    };
    l.emit({
      form: 'window',
      reduce: 'sum',
      x,
      y: flat,
      epilogue: { expr: e.mul(e.arg(0), e.arg(1)), args: [spread] },
    });
    return [y];
  },
  macs: (_i, outputs, a) => poolMacs(outputs, a),
  channels: poolLinks,
  ...onChannelsLast<AveragePoolAttrs>((tf, [x], a) => {
    const taps = a.kernel.reduce((n, k) => n * k, 1);
    const mean = tfPool(tf, padSpatial(tf, x!, fullPads(x!, a)), 'avg', a);
    const factors = tapCounts(x!.shape.slice(1, -1), a, a.countIncludePad).map((n) => taps / n);
    if (factors.every((f) => f === 1)) return [mean];
    return [tf.mul(mean, tf.tensor(factors, [...mean.shape.slice(1, -1), 1]))];
  }),
  names: {
    onnx: {
      AveragePool: pool('averagePool', (c) => ({
        countIncludePad: c.config.bool('count_include_pad', false),
      })),
      GlobalAveragePool: globalPool('reduceMean'),
    },
    graph: {
      AvgPool: (c) => graphPool(c, 'averagePool', { countIncludePad: false }),
      AvgPool3D: (c) => graphPool(c, 'averagePool', { countIncludePad: false }),
    },
    tflite: { AVERAGE_POOL_2D: fused((c) => litePool(c, 'averagePool', { countIncludePad: false })) },
    layers: {
      AveragePooling1D: readPool('averagePool', 1, { countIncludePad: false }),
      AveragePooling2D: readPool('averagePool', 2, { countIncludePad: false }),
      AveragePooling3D: readPool('averagePool', 3, { countIncludePad: false }),
    },
  },
  samples: [
    poolSample<AveragePoolAttrs>('2x2', [1, 3, 8, 8], [2, 2], { countIncludePad: false }),
    ...[true, false].map((countIncludePad) =>
      poolSample<AveragePoolAttrs>(
        countIncludePad ? 'pads_count' : 'pads_do_not_count',
        [1, 2, 7, 6],
        [3, 3],
        {
          strides: [2, 2],
          pads: [
            [1, 1],
            [1, 1],
          ],
          ceil: true,
          countIncludePad,
        },
      ),
    ),
    poolSample<AveragePoolAttrs>('dilated', [1, 2, 9], [3], {
      strides: [1],
      dilations: [2],
      pads: [[2, 2]],
      countIncludePad: true,
    }),
    poolSample<AveragePoolAttrs>('three_dimensional', [1, 2, 4, 4, 6], [2, 2, 3], { countIncludePad: false }),
  ],
});
