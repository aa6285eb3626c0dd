import { e } from '../plan/expr.ts';
import { binarySamples, definePointwise, numeric } from './pointwise.ts';
import { reads } from './tensorflow.ts';

export default definePointwise({
  kind: 'floorDiv',
  description: '⌊a / b⌋; integers give 0 where b is 0',
  inputs: 2,
  types: numeric,
  value: ([a, b], _attrs, dtype) => (dtype !== 'float32' && b === 0 ? 0 : Math.floor(a / b)),
  expr: ([a, b]) =>
    a.type === 'f32' ? e.unary('floor', e.div(a, b)) : e.div(e.sub(a, e.binary('mod', a, b)), b),
  tf: (tf, [a, b]) => [tf.floor(tf.div(a!, b!))],
  names: { graph: { FloorDiv: reads('floorDiv', 2) }, tflite: { FLOOR_DIV: reads('floorDiv', 2) } },
  samples: [
    ...binarySamples({}, {}, { values: 'positive' }),
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32' }, 'int_'),
  ],
});
