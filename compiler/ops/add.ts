import { e } from '../plan/expr.ts';
import { mergeLayer } from './merge.ts';
import { binary, variadic } from './onnx.ts';
import { binarySamples, definePointwise, neutral, numeric } from './pointwise.ts';
import { reads, readsFused } from './tensorflow.ts';
import { biasAdd } from './tensorflow-conv.ts';
import { mergeAll } from './tensorflow-pick.ts';

export default definePointwise({
  kind: 'add',
  description: 'a + b',
  inputs: 2,
  types: numeric,
  value: ([a, b]) => a + b,
  expr: ([a, b]) => e.binary('add', a, b),
  identity: ([a, b]) => (neutral(a, b, 0) ? 0 : neutral(b, a, 0) ? 1 : undefined),
  tf: (tf, [a, b]) => [tf.add(a!, b!)],
  names: {
    onnx: {
      Add: binary('add'),
      Sum: variadic('add'),
      Mean: variadic('add', (c, y) => c.one('mul', [y, c.b.scalar(1 / c.inputs.length)])),
    },
    graph: {
      Add: reads('add', 2),
      AddV2: reads('add', 2),
      AddN: (c) => mergeAll(c, 'add'),
      BiasAdd: (c) => biasAdd(c, c.input(0), c.input(1)),
    },
    tflite: { ADD: readsFused('add'), ADD_N: (c) => mergeAll(c, 'add') },
    layers: {
      Add: (c) => mergeLayer(c, 'add'),
      Average: (c) => c.one('mul', [mergeLayer(c, 'add'), c.b.scalar(1 / c.inputs.length)]),
    },
  },
  samples: [
    ...binarySamples({}),
    ...binarySamples({}, { dtype: 'int32' }, undefined, 'int_'),
    { name: 'scalar', inputs: [{ shape: [1, 9] }, { shape: [], constant: true }], attrs: {} },
    { name: 'scalar_left', inputs: [{ shape: [1], constant: true }, { shape: [1, 9] }], attrs: {} },
    { name: 'last_axis', inputs: [{ shape: [1, 3, 9] }, { shape: [9], constant: true }], attrs: {} },
    { name: 'stretched', inputs: [{ shape: [3, 1] }, { shape: [1, 4] }], attrs: {} },
    { name: 'nothing', inputs: [{ shape: [0, 4] }, { shape: [0, 4] }], attrs: {} },
    {
      name: 'byte',
      inputs: [
        { shape: [17], dtype: 'uint8' },
        { shape: [17], dtype: 'uint8' },
      ],
      attrs: {},
    },
  ],
});
