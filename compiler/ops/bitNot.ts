import { e } from '../plan/expr.ts';
import { unary } from './onnx.ts';
import { definePointwise, integers, unarySamples } from './pointwise.ts';

export default definePointwise({
  kind: 'bitNot',
  description: 'bitwise not',
  inputs: 1,
  types: integers,
  value: ([x]) => ~x,
  expr: ([x]) => e.binary('bitxor', x, e.i32(-1)),
  names: { onnx: { BitwiseNot: unary('bitNot') } },
  samples: [...unarySamples({}, { dtype: 'int32' }), ...unarySamples({}, { dtype: 'uint8' }, 'byte_')],
});
