import { e } from '../plan/expr.ts';
import { binarySamples, definePointwise, integers } from './pointwise.ts';

export default definePointwise({
  kind: 'shiftRight',
  description: '⌊a / 2ᵇ⌋',
  inputs: 2,
  types: integers,
  value: ([a, b]) => (b >>> 0 < 32 ? a >> b : a < 0 ? -1 : 0),
  expr: ([a, b]) => {
    const fill = e.unary('neg', e.binary('lt', a, e.i32(0)));
    return e.binary('bitxor', e.binary('shr', e.binary('bitxor', a, fill), b), fill);
  },
  samples: [
    ...binarySamples({}, { dtype: 'int32' }, { dtype: 'int32', values: 'index', below: 36 }),
    ...binarySamples({}, { dtype: 'uint8' }, { dtype: 'uint8', values: 'index', below: 9 }, 'byte_'),
  ],
});
