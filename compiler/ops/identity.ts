import { defineOp, type NodeContext } from './define.ts';
import { onnxDropout } from './onnx-math.ts';

/** Only a name: readers that need no node at all give their input back. */
export default defineOp({
  kind: 'identity',
  description: 'x itself; costs nothing',
  arity: [1, 1],
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  eval: ([x]) => [x!],
  identity: () => 0,
  permute: (attrs, perm) => ({ attrs, perm }),
  lower: (l) => [l.view(0)],
  channels: ([x]) =>
    x!.shape.map(
      (_, d) =>
        [
          [0, d],
          [-1, d],
        ] as const,
    ),
  tf: (tf, [x]) => [tf.clone(x!)],
  names: {
    onnx: { Identity: (c) => c.input(0), Dropout: onnxDropout },
    graph: {
      Identity: gone,
      Snapshot: gone,
      StopGradient: gone,
      PreventGradient: gone,
      CheckNumerics: gone,
      PlaceholderWithDefault: gone,
      IdentityN: (c) => c.inputs.map((_, i) => c.input(i)),
    },
    tflite: { DENSIFY: gone },
    layers: {
      Activation: (c) => c.activation(c.input(0), c.config.raw('activation')),
      Dropout: gone,
      SpatialDropout1D: gone,
      SpatialDropout2D: gone,
      GaussianNoise: gone,
      GaussianDropout: gone,
      AlphaDropout: gone,
      ActivityRegularization: gone,
      Masking: (c) => c.unsupported('masking', 'feed sequences of full length and remove the layer'),
    },
  },
  samples: [{ name: 'vector', inputs: [{ shape: [1, 5] }], attrs: {} }],
});

/** What does something in training only, or names a value. */
function gone(c: NodeContext) {
  return c.input(0);
}
