import { e } from '../plan/expr.ts';
import { readBatchNorm, readRescaling } from './affine.ts';
import { mergeLayer } from './merge.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';

export default definePointwise({
  kind: 'mul',
  description: 'a · b',
  inputs: 2,
  types: numeric,
  value: ([a, b], _attrs, dtype) => (dtype === 'float32' ? a * b : Math.imul(a, b)),
  expr: ([a, b]) => e.binary('mul', a, b),
  identity: ([a, b]) => (neutral(a, b, 1) ? 0 : neutral(b, a, 1) ? 1 : undefined),
  tf: (tf, [a, b]) => [tf.mul(a!, b!)],
  names: {
    layers: {
      Multiply: (c) => mergeLayer(c, 'mul'),
      BatchNormalization: readBatchNorm,
      Rescaling: readRescaling,
    },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
