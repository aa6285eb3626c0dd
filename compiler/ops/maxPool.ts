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
  tfPool,
} from './pool.ts';
import { onChannelsLast, padSpatial } from './spatial-tf.ts';
import { fused } from './tensorflow.ts';
import { graphPool, litePool } from './tensorflow-conv.ts';

/** x [N, C, …spatial] → [N, C, …out]; padding never wins. */
export default defineOp<PoolAttrs>({
  kind: 'maxPool',
  description: 'largest element of a sliding window',
  arity: [1, 1],
  infer: inferPool,
  eval: ([x], a) => [
    evalPool(x!, a, (inside) => inside.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY)),
  ],
  lower(l, a) {
    const { x, y, flat } = poolViews(l, a);
    l.emit({ form: 'window', reduce: 'max', x, y: flat });
    return [y];
  },
  macs: (_i, outputs, a) => poolMacs(outputs, a),
  channels: poolLinks,
  ...onChannelsLast<PoolAttrs>((tf, [x], a) => [
    tfPool(tf, padSpatial(tf, x!, fullPads(x!, a), -3.4e38), 'max', a),
  ]),
  names: {
    onnx: { MaxPool: pool('maxPool'), GlobalMaxPool: globalPool('reduceMax') },
    graph: { MaxPool: (c) => graphPool(c, 'maxPool'), MaxPool3D: (c) => graphPool(c, 'maxPool') },
    tflite: { MAX_POOL_2D: fused((c) => litePool(c, 'maxPool')) },
    layers: {
      MaxPooling1D: readPool('maxPool', 1),
      MaxPooling2D: readPool('maxPool', 2),
      MaxPooling3D: readPool('maxPool', 3),
    },
  },
  samples: [
    poolSample('2x2', [1, 3, 8, 8], [2, 2], {}),
    poolSample('overlap_padded', [1, 2, 7, 9], [3, 3], {
      strides: [2, 2],
      pads: [
        [1, 1],
        [1, 0],
      ],
    }),
    poolSample('ceil', [1, 2, 6, 6], [3, 3], { strides: [2, 2], ceil: true }),
    poolSample('ceil_drops_window_in_padding', [1, 1, 4, 4], [2, 2], {
      strides: [3, 3],
      pads: [
        [0, 1],
        [0, 1],
      ],
      ceil: true,
    }),
    poolSample('dilated', [1, 2, 9, 9], [2, 3], { strides: [1, 2], dilations: [3, 2] }),
    poolSample('one_dimensional', [2, 3, 11], [4], { strides: [3] }),
    poolSample('three_dimensional', [1, 2, 4, 4, 6], [2, 2, 3], {}),
  ],
});
