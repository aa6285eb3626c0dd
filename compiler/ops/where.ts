import { badShape } from '../errors.ts';
import { e } from '../plan/expr.ts';
import { anyType, definePointwise } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'where',
  description: 'a where the condition holds, else b; all three broadcast',
  inputs: 3,
  types: anyType,
  dtype([, a, b], _attrs, place) {
    if (a !== b) throw badShape(`element types ${a} and ${b} differ`, place);
    return a;
  },
  value: ([condition, a, b]) => (condition !== 0 ? a : b),
  expr: ([condition, a, b]) =>
    e.select(condition.type === 'f32' ? e.binary('ne', condition, e.f32(0)) : condition, a, b),
  tf: (tf, [condition, a, b]) => [tf.where(tf.cast(condition!, 'bool'), a!, b!)],
  names: {
    onnx: { Where: (c) => c.one('where', [c.input(0), c.input(1), c.input(2)]) },
    graph: { Select: reads('where', 3), SelectV2: reads('where', 3) },
    tflite: { SELECT: reads('where', 3), SELECT_V2: reads('where', 3) },
  },
  samples: [
    {
      name: 'same',
      inputs: [{ shape: [2, 9], dtype: 'bool' }, { shape: [2, 9] }, { shape: [2, 9] }],
      attrs: {},
    },
    {
      name: 'stretched',
      inputs: [{ shape: [3, 1], dtype: 'bool' }, { shape: [4] }, { shape: [], constant: true }],
      attrs: {},
    },
    {
      name: 'int',
      inputs: [
        { shape: [6], dtype: 'bool' },
        { shape: [6], dtype: 'int32' },
        { shape: [6], dtype: 'int32' },
      ],
      attrs: {},
    },
    { name: 'number', inputs: [{ shape: [8], sparsity: 0.5 }, { shape: [8] }, { shape: [8] }], attrs: {} },
  ],
});
