import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import { onnxDequantize } from './onnx-quantize.ts';
import { definePointwise } from './pointwise.ts';

/** Scale and zero point broadcast: per tensor they are scalars, per axis [C, 1, …]. */
export default definePointwise({
  kind: 'dequantizeLinear',
  description: '(x − zero point) · scale',
  inputs: 3,
  types: ['float32', 'int32', 'int8', 'uint8'],
  dtype([x, scale, zero], _attrs, place) {
    if (x === 'float32' || scale !== 'float32') throw badShape('x must be integer, scale float32', place);
    if (zero !== x && zero !== 'int32') throw badShape(`zero point is ${zero}, not ${x}`, place);
    return 'float32';
  },
  value: ([x, scale, zero]) => (x - zero) * scale,
  expr: ([x, scale, zero]) => e.mul(e.cast(e.sub(x, zero), 'f32'), scale),
  names: { onnx: { DequantizeLinear: onnxDequantize }, tflite: { DEQUANTIZE: (c) => c.input(0) } },
  samples: [
    {
      name: 'tensor_uint8',
      inputs: [
        { shape: [1, 40], dtype: 'uint8' },
        { shape: [], constant: true, values: [0.01] },
        { shape: [], dtype: 'uint8', constant: true, values: [128] },
      ],
      attrs: {},
    },
    {
      name: 'axis_int8',
      inputs: [
        { shape: [1, 3, 4, 5], dtype: 'int8' },
        { shape: [3, 1, 1], constant: true, values: [0.02, 0.05, 0.011] },
        { shape: [3, 1, 1], dtype: 'int8', constant: true, values: [0, -7, 12] },
      ],
      attrs: {},
    },
    {
      name: 'bias_int32',
      inputs: [
        { shape: [7], dtype: 'int32' },
        { shape: [], constant: true, values: [0.001] },
        { shape: [], dtype: 'int32', constant: true, values: [0] },
      ],
      attrs: {},
    },
  ],
});
