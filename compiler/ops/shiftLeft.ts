import { e } from '../plan/expr.ts';
import { onnxBitShift } from './onnx-math.ts';
import { binarySamples, definePointwise, integers } from './pointwise.ts';

export default definePointwise({
  kind: 'shiftLeft',
  description: 'a · 2ᵇ modulo the size of the type',
  inputs: 2,
  types: integers,
  value: ([a, b]) => (b >>> 0 < 32 ? a << b : 0),
  expr: ([a, b]) => e.binary('shl', a, b),
  names: { onnx: { BitShift: onnxBitShift } },
  samples: [
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32', values: 'index', below: 36 }),
    ...binarySamples({}, { dtype: 'uint8' }, { dtype: 'uint8', values: 'index', below: 9 }, 'byte_'),
  ],
});
