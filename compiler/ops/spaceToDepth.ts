import { badShape } from '../errors.ts';
import { transposeView } from '../plan/view.ts';
import { defineOp } from './define.ts';
import type { BlockAttrs } from './depthToSpace.ts';
import { elements, tabulate } from './elements.ts';
import { unary } from './onnx.ts';
import { readsBlock } from './tensorflow-pick.ts';

/** x [N, C, H·b, W·b] → [N, C·b², H, W]: the inverse of `depthToSpace` of the same mode. ONNX and TensorFlow mean `DCR`. */
export default defineOp<BlockAttrs>({
  kind: 'spaceToDepth',
  description: 'blocks of pixels become channels',
  arity: [1, 1],
  infer([x], { block: b }, place) {
    const [n, c, h, w] = x!.shape;
    if (x!.shape.length !== 4 || !Number.isInteger(b) || b < 1 || h % b !== 0 || w % b !== 0) {
      throw badShape(`[${x!.shape}] has no whole ${b}×${b} blocks`, place);
    }
    return [{ dtype: x!.dtype, shape: [n, c * b * b, h / b, w / b] }];
  },
  eval([x], { block: b, mode }) {
    const [n, c, h, w] = x!.shape;
    const read = elements(x!);
    return [
      tabulate(x!.dtype, [n, c * b * b, h / b, w / b], ([o, k, p, q]) => {
        const offset = mode === 'DCR' ? Math.floor(k / c) : k % (b * b);
        const channel = mode === 'DCR' ? k % c : Math.floor(k / (b * b));
        return read([o, channel, p * b + Math.floor(offset / b), q * b + (offset % b)]);
      }),
    ];
  },
  lower(l, { block: b, mode }) {
    const { shape } = l.outputType(0);
    const [n, c, h, w] = l.inputType(0).shape;
    const split = l.reshape(l.view(0), [n, c, h / b, b, w / b, b]);
    return [l.reshape(transposeView(split, order(mode)), shape)];
  },
  tf: (tf, [x], { block: b, mode }) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    const split = tf.reshape(x!, [n, c, h / b, b, w / b, b]);
    return [tf.reshape(tf.transpose(split, order(mode)), [n, c * b * b, h / b, w / b])];
  },
  names: {
    onnx: { SpaceToDepth: unary('spaceToDepth', (c) => ({ block: c.config.int('blocksize'), mode: 'DCR' })) },
    graph: { SpaceToDepth: readsBlock('spaceToDepth') },
    tflite: { SPACE_TO_DEPTH: readsBlock('spaceToDepth') },
  },
  samples: [
    { name: 'dcr', inputs: [{ shape: [1, 2, 4, 6] }], attrs: { block: 2, mode: 'DCR' } },
    { name: 'crd', inputs: [{ shape: [2, 2, 6, 3] }], attrs: { block: 3, mode: 'CRD' } },
  ],
});

/** Of [N, C, H, bH, W, bW]. */
const order = (mode: BlockAttrs['mode']) => (mode === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]);
