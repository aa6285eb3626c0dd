import { e } from '../plan/expr.ts';
import { definePointwise, unarySamples } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'square',
  description: 'x²',
  inputs: 1,
  types: ['float32', 'int32'],
  value: ([x]) => x * x,
  expr: ([x]) => e.mul(x, x),
  tf: (tf, [x]) => [tf.square(x!)],
  names: {
    graph: {
      Square: reads('square'),
      SquaredDifference: (c) => c.one('square', [c.one('sub', [c.input(0), c.input(1)])]),
    },
    tflite: {
      SQUARE: reads('square'),
      SQUARED_DIFFERENCE: (c) => c.one('square', [c.one('sub', [c.input(0), c.input(1)])]),
    },
  },
  samples: [...unarySamples({}), ...unarySamples({}, { dtype: 'int32' }, 'int_')],
});
