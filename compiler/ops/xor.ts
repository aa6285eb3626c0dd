import { e } from '../plan/expr.ts';
import { binary } from './onnx.ts';
import { binarySamples, definePointwise } from './pointwise.ts';

export default definePointwise({
  kind: 'xor',
  description: 'logical xor',
  inputs: 2,
  types: ['bool'],
  value: ([a, b]) => ((a !== 0) !== (b !== 0) ? 1 : 0),
  expr: ([a, b]) => e.binary('xor', a, b),
  tf: (tf, [a, b]) => [tf.logicalXor(a!, b!)],
  names: { onnx: { Xor: binary('xor') } },
  samples: binarySamples({}, { dtype: 'bool' }),
});
