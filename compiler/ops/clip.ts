import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import type { Attrs, NodeContext } from './define.ts';
import { onnxClip } from './onnx-math.ts';
import { definePointwise, numeric, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

const saturate = (bound: number) => Math.min(2147483647, Math.max(-2147483648, bound));

export default definePointwise<Attrs & { readonly min: number; readonly max: number }>({
  kind: 'clip',
  description: 'min(max(x, min), max)',
  inputs: 1,
  types: numeric,
  check({ min, max }, place) {
    if (Number.isNaN(min) || Number.isNaN(max)) throw badShape('clip between NaN', place);
  },
  value: ([x], { min, max }) => Math.min(max, Math.max(min, x)),
  expr: ([x], { min, max }) =>
    x.type === 'f32' ? e.clamp(x, min, max) : e.min(e.max(x, e.i32(saturate(min))), e.i32(saturate(max))),
  identity: (_x, { min, max }) => (min === -Infinity && max === Infinity ? 0 : undefined),
  // Minimum and maximum with scalars take the wasm backend many times as long.
  tf: (tf, [x], { min, max }) => [
    x!.dtype === 'float32' && min < max && Number.isFinite(max - min)
      ? tf.clipByValue(x!, min, max)
      : tf.minimum(tf.maximum(x!, min), max),
  ],
  names: {
    onnx: { Clip: onnxClip },
    graph: { Relu6: reads('clip', 1, { min: 0, max: 6 }), ClipByValue: readClip },
    tflite: {
      RELU6: reads('clip', 1, { min: 0, max: 6 }),
      RELU_N1_TO_1: reads('clip', 1, { min: -1, max: 1 }),
      RELU_0_TO_1: reads('clip', 1, { min: 0, max: 1 }),
    },
    activations: { relu6: (c, x) => c.one('clip', [x], { min: 0, max: 6 }) },
  },
  samples: [
    ...unarySamples({ min: -0.5, max: 0.75 }),
    ...unarySamples({ min: 0, max: Number.POSITIVE_INFINITY }, {}, 'below_'),
    ...unarySamples({ min: -3, max: 4 }, { dtype: 'int32' }, 'int_'),
  ],
});

/** TensorFlow: the bounds are inputs. */
function readClip(c: NodeContext) {
  return c.one('minimum', [c.one('maximum', [c.input(0), c.input(1)]), c.input(2)]);
}
