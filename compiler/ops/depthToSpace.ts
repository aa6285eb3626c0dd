import { badShape } from '../errors.ts';
import { transposeView } from '../plan/view.ts';
import { type Attrs, defineOp } from './define.ts';
import { elements, tabulate } from './elements.ts';
import { unary } from './onnx.ts';
import { readsBlock } from './tensorflow-pick.ts';

/**
 * x [N, C·b², H, W] → [N, C, H·b, W·b]. Input channel of output channel c at offset (i, j) in a block: `DCR` (TensorFlow)
 * (i·b + j)·C + c; `CRD` (PixelShuffle) (c·b + i)·b + j.
 */
export type BlockAttrs = Attrs & { readonly block: number; readonly mode: 'DCR' | 'CRD' };

export default defineOp<BlockAttrs>({
  kind: 'depthToSpace',
  description: 'channels become blocks of pixels',
  arity: [1, 1],
  infer([x], { block: b }, place) {
    const [n, c, h, w] = x!.shape;
    if (x!.shape.length !== 4 || !Number.isInteger(b) || b < 1 || c % (b * b) !== 0) {
      throw badShape(`[${x!.shape}] has no [N, C·${b}², H, W]`, place);
    }
    return [{ dtype: x!.dtype, shape: [n, c / (b * b), h * b, w * b] }];
  },
  eval([x], { block: b, mode }) {
    const [n, full, h, w] = x!.shape;
    const c = full / (b * b);
    const read = elements(x!);
    return [
      tabulate(x!.dtype, [n, c, h * b, w * b], ([o, k, p, q]) => {
        const [i, j] = [p % b, q % b];
        const channel = mode === 'DCR' ? (i * b + j) * c + k : (k * b + i) * b + j;
        return read([o, channel, Math.floor(p / b), Math.floor(q / b)]);
      }),
    ];
  },
  lower(l, { block: b, mode }) {
    const { shape } = l.outputType(0);
    const [n, full, h, w] = l.inputType(0).shape;
    const c = full / (b * b);
    const [split, perm] =
      mode === 'DCR'
        ? [
            [n, b, b, c, h, w],
            [0, 3, 4, 1, 5, 2],
          ]
        : [
            [n, c, b, b, h, w],
            [0, 1, 4, 2, 5, 3],
          ];
    return [l.reshape(transposeView(l.reshape(l.view(0), split), perm), shape)];
  },
  tf: (tf, [x], { block: b, mode }) => {
    const [n, full, h, w] = x!.shape as [number, number, number, number];
    const c = full / (b * b);
    const [split, perm] =
      mode === 'DCR'
        ? [
            [n, b, b, c, h, w],
            [0, 3, 4, 1, 5, 2],
          ]
        : [
            [n, c, b, b, h, w],
            [0, 1, 4, 2, 5, 3],
          ];
    return [tf.reshape(tf.transpose(tf.reshape(x!, split), perm), [n, c, h * b, w * b])];
  },
  names: {
    onnx: {
      DepthToSpace: unary('depthToSpace', (c) => ({
        block: c.config.int('blocksize'),
        mode: c.config.str('mode', 'DCR'),
      })),
    },
    graph: { DepthToSpace: readsBlock('depthToSpace') },
    tflite: { DEPTH_TO_SPACE: readsBlock('depthToSpace') },
  },
  samples: [
    { name: 'dcr', inputs: [{ shape: [1, 8, 2, 3] }], attrs: { block: 2, mode: 'DCR' } },
    { name: 'crd', inputs: [{ shape: [2, 18, 2, 1] }], attrs: { block: 3, mode: 'CRD' } },
  ],
});
