import { badShape } from '../errors.ts';
import { roundHalfEven } from '../ir/special.ts';
import { e } from '../plan/expr.ts';
import type { Attrs, DType } from './define.ts';
import { onnxDynamicQuantize, onnxQLinearConv, onnxQLinearMatMul, onnxQuantize } from './onnx-quantize.ts';
import { definePointwise } from './pointwise.ts';

/** `low` and `high` are the steps there are: all of `to` by default. */
type QuantizeAttrs = Attrs & { readonly to: DType; readonly low?: number; readonly high?: number };

const bounds: Partial<Record<DType, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] };
const boundsOf = ({ to, low, high }: QuantizeAttrs) =>
  low !== undefined && high !== undefined ? ([low, high] as const) : bounds[to];

/** Scale and zero point broadcast: per tensor they are scalars, per axis [C, 1, …]. */
export default definePointwise<QuantizeAttrs>({
  kind: 'quantizeLinear',
  description: 'saturate(round(x / scale) + zero point)',
  inputs: 3,
  types: ['float32', 'int32', 'int8', 'uint8'],
  check(a, place) {
    if (!boundsOf(a) || a.to === 'float32' || a.to === 'bool')
      throw badShape(`can't quantize to ${a.to}`, place);
  },
  dtype([x, scale, zero], { to }, place) {
    if (x !== 'float32' || scale !== 'float32') throw badShape('x and scale must be float32', place);
    if (zero !== to && zero !== 'int32') throw badShape(`zero point is ${zero}, not ${to}`, place);
    return to;
  },
  value: ([x, scale, zero], attrs) => {
    const [low, high] = boundsOf(attrs)!;
    return Math.min(high, Math.max(low, roundHalfEven(Math.fround(x / scale)) + zero));
  },
  expr: ([x, scale, zero], attrs) => {
    const [low, high] = boundsOf(attrs)!;
    const whole = e.unary('round', e.div(x, scale));
    return e.cast(e.clamp(e.add(whole, e.cast(zero, 'f32')), low, high), 'i32');
  },
  names: {
    onnx: {
      QuantizeLinear: onnxQuantize,
      QLinearConv: onnxQLinearConv,
      QLinearMatMul: onnxQLinearMatMul,
      DynamicQuantizeLinear: onnxDynamicQuantize,
    },
    tflite: { QUANTIZE: (c) => c.input(0) },
  },
  samples: [
    {
      name: 'tensor_int8',
      inputs: [
        { shape: [1, 40] },
        { shape: [], constant: true, values: [0.01] },
        { shape: [], dtype: 'int8', constant: true, values: [5] },
      ],
      attrs: { to: 'int8' },
    },
    {
      name: 'axis_uint8',
      inputs: [
        { shape: [1, 3, 4, 5] },
        { shape: [3, 1, 1], constant: true, values: [0.02, 0.05, 0.011] },
        { shape: [3, 1, 1], dtype: 'uint8', constant: true, values: [128, 100, 3] },
      ],
      attrs: { to: 'uint8' },
    },
    {
      name: 'steps_int16',
      inputs: [
        { shape: [1, 40] },
        { shape: [], constant: true, values: [0.00002] },
        { shape: [], dtype: 'int32', constant: true, values: [0] },
      ],
      attrs: { to: 'int32', low: -32768, high: 32767 },
    },
  ],
});
