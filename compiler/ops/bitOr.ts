import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise, integers } from './pointwise.ts';

export default definePointwise({
  kind: 'bitOr',
  description: 'bitwise or',
  inputs: 2,
  types: integers,
  value: ([a, b]) => a | b,
  expr: ([a, b]) => e.binary('bitor', a, b),
  names: { onnx: { BitwiseOr: binary('bitOr') } },
  samples: [
    ...binarySamples({}, { dtype: 'int32' }),
    ...binarySamples({}, { dtype: 'uint8' }, undefined, 'byte_'),
  ],
});
