import { e } from '../plan/expr.ts';
import { readBatchNorm, readRescaling } from './affine.ts';
import { mergeLayer } from './merge.ts';
import { binary } from './onnx.ts';
import { onnxBatchNorm } from './onnx-math.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';
import { reads, readsFused } from './tensorflow.ts';
import { readFusedNorm } from './tensorflow-norm.ts';

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
    onnx: { Mul: binary('mul'), BatchNormalization: onnxBatchNorm },
    graph: {
      Mul: reads('mul', 2),
      FusedBatchNorm: readFusedNorm,
      FusedBatchNormV2: readFusedNorm,
      FusedBatchNormV3: readFusedNorm,
    },
    tflite: { MUL: readsFused('mul') },
    layers: {
      Multiply: (c) => mergeLayer(c, 'mul'),
      BatchNormalization: readBatchNorm,
      Rescaling: readRescaling,
    },
  },
  samples: [...binarySamples({}), ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_')],
});
