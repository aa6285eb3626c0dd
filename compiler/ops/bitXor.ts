import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise, integers } from './pointwise.ts';

export default definePointwise({
  kind: 'bitXor',
  description: 'bitwise xor',
  inputs: 2,
  types: integers,
  value: ([a, b]) => a ^ b,
  expr: ([a, b]) => e.binary('bitxor', a, b),
  names: { onnx: { BitwiseXor: binary('bitXor') } },
  samples: [
    ...binarySamples({}, { dtype: 'int32' }),
    ...binarySamples({}, { dtype: 'uint8' }, undefined, 'byte_'),
  ],
});
