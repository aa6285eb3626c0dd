import { badShape } from '../errors.ts';
import { elementBytes } from '../ir/tensor.ts';
import { e } from '../plan/expr.ts';
import type { Attrs, DType, NodeContext } from './define.ts';
import { onnxCast, onnxCastLike } from './onnx-math.ts';
import { anyType, definePointwise } from './pointwise.ts';
import { elementType } from './tensorflow.ts';

/**
 * float32 → integer truncates and saturates at int32, NaN gives 0; narrower integers keep the low bits. To bool: 1 where the
 * element is not 0.
 */
export default definePointwise<Attrs & { readonly to: DType }>({
  kind: 'cast',
  description: 'another element type',
  inputs: 1,
  types: anyType,
  check({ to }, place) {
    if (!(to in elementBytes)) throw badShape(`no element type ${to}`, place);
  },
  dtype: (_inputs, { to }) => to,
  value: ([x], { to }) => {
    if (to === 'bool') return x === 0 ? 0 : 1;
    if (to === 'float32') return x;
    return Math.trunc(Math.min(2147483647, Math.max(-2147483648, Number.isNaN(x) ? 0 : x)));
  },
  expr: ([x], { to }) => {
    if (to === 'bool') return e.binary('ne', x, x.type === 'f32' ? e.f32(0) : e.i32(0));
    return e.cast(x, to === 'float32' ? 'f32' : 'i32');
  },
  identity: ([x], { to }) => (x!.dtype === to ? 0 : undefined),
  tf: (tf, [x], { to }) => [tf.cast(x!, to === 'int8' || to === 'uint8' ? 'int32' : to)],
  names: {
    onnx: { Cast: onnxCast, CastLike: onnxCastLike },
    graph: { Cast: readCast },
    tflite: { CAST: readCast },
  },
  samples: (
    [
      ['float32', 'int32'],
      ['float32', 'bool'],
      ['float32', 'int8'],
      ['int32', 'float32'],
      ['int32', 'uint8'],
      ['int32', 'bool'],
      ['uint8', 'float32'],
      ['int8', 'int32'],
      ['bool', 'float32'],
      ['bool', 'int32'],
      ['float32', 'float32'],
    ] as const
  ).map(([from, to]) => ({
    name: `${from}_to_${to}`,
    inputs: [{ shape: [2, 11], dtype: from, sparsity: 0.2 }],
    attrs: { to },
  })),
});

/** TensorFlow: the result's type is an attribute; TFLite: that of the output. */
function readCast(c: NodeContext) {
  const name = c.config.has('DstT') ? c.config.raw('DstT') : c.config.raw('out_data_type');
  const to = elementType(name);
  return to ? c.one('cast', [c.input(0)], { to }) : c.unsupported(`element type ${name}`);
}
