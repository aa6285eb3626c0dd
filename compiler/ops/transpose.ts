import { badShape } from '../errors.ts';
import { allocate, rowMajor } from '../ir/tensor.ts';
import { transposeView } from '../plan/view.ts';
import { defineOp, type NodeContext } from './define.ts';
import { onnxTranspose } from './onnx-shape.ts';
import { numbers } from './tensorflow.ts';

/** Output axis i is input axis perm[i]. */
export default defineOp<{ readonly perm: readonly number[] }>({
  kind: 'transpose',
  description: 'permutes axes; costs nothing until a layout is needed',
  arity: [1, 1],
  infer([x], { perm }, place) {
    const rank = x!.shape.length;
    if (perm.length !== rank || [...perm].sort((a, b) => a - b).some((p, i) => p !== i)) {
      throw badShape(`[${perm}] is no permutation of ${rank} axes`, place);
    }
    return [{ dtype: x!.dtype, shape: perm.map((p) => x!.shape[p]) }];
  },
  eval([x], { perm }) {
    const shape = perm.map((p) => x!.shape[p]);
    const from = rowMajor(x!.shape);
    const to = rowMajor(shape);
    const data = allocate(x!.dtype, x!.data.length);
    for (let i = 0; i < data.length; i++) {
      let at = 0;
      for (let d = 0; d < shape.length; d++) at += (Math.floor(i / to[d]) % shape[d]) * from[perm[d]];
      data[i] = x!.data[at];
    }
    return [{ dtype: x!.dtype, shape, data }];
  },
  lower: (l, { perm }) => [transposeView(l.view(0), perm)],
  identity: (_x, { perm }) => (perm.every((p, i) => p === i) ? 0 : undefined),
  channels: (_i, _o, { perm }) =>
    perm.map(
      (p, i) =>
        [
          [0, p],
          [-1, i],
        ] as const,
    ),
  permute: ({ perm }, turned) => ({
    attrs: { perm: perm.map((_, i) => i) },
    perm: perm.map((p) => turned[p]),
  }),
  tf: (tf, [x], { perm }) => [tf.transpose(x!, [...perm])],
  names: {
    onnx: { Transpose: onnxTranspose },
    graph: { Transpose: readPerm },
    tflite: { TRANSPOSE: readPerm },
    layers: {
      Permute: (c) => c.one('transpose', [c.input(0)], { perm: [0, ...c.config.ints('dims')] }),
    },
  },
  samples: [
    { name: 'nhwc_nchw', inputs: [{ shape: [1, 4, 5, 3] }], attrs: { perm: [0, 3, 1, 2] } },
    { name: 'matrix', inputs: [{ shape: [7, 5] }], attrs: { perm: [1, 0] } },
  ],
});

/** TensorFlow: the order is an input; TFLite too. */
function readPerm(c: NodeContext) {
  return c.one('transpose', [c.input(0)], { perm: numbers(c, 1) });
}
