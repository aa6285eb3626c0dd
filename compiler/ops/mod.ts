import { e } from '../plan/expr.ts';
import { onnxMod } from './onnx-math.ts';
import { binarySamples, definePointwise, numeric } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'mod',
  description: 'remainder with the sign of b (floored division); of integers by 0: 0',
  inputs: 2,
  types: numeric,
  value: ([a, b], _attrs, dtype) => {
    if (dtype !== 'float32' && b === 0) return 0;
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  expr: ([a, b]) => e.binary('mod', a, b),
  tf: (tf, [a, b]) => [tf.mod(a!, b!)],
  names: {
    onnx: { Mod: onnxMod },
    graph: { FloorMod: reads('mod', 2), Mod: reads('mod', 2) },
    tflite: { FLOOR_MOD: reads('mod', 2) },
  },
  samples: [
    ...binarySamples({}, {}, { values: 'positive' }),
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_'),
  ],
});
