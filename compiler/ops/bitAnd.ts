import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise, integers } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'bitAnd',
  description: 'bitwise and',
  inputs: 2,
  types: integers,
  value: ([a, b]) => a & b,
  expr: ([a, b]) => e.binary('bitand', a, b),
  names: { onnx: { BitwiseAnd: binary('bitAnd') }, graph: { BitwiseAnd: reads('bitAnd', 2) } },
  samples: [
    ...binarySamples({}, { dtype: 'int32' }),
    ...binarySamples({}, { dtype: 'uint8' }, undefined, 'byte_'),
  ],
});
