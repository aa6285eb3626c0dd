import type { DType } from '../../../../compiler/ir/tensor.ts';
import { type Context, computed, type Translation } from './context.ts';

/** Operators of one operand that take floats. */
const floats: Readonly<Record<string, string>> = {
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Expm1: 'expm1',
  Floor: 'floor',
  Log: 'log',
  Log1p: 'log1p',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Sigmoid: 'sigmoid',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Tan: 'tan',
  Tanh: 'tanh',
};

/** Operators of one operand that take integers too. */
const numbers: Readonly<Record<string, string>> = { Abs: 'abs', Neg: 'neg', Sign: 'sign', Square: 'square' };

const pairs: Readonly<Record<string, string>> = {
  Add: 'add',
  Atan2: 'atan2',
  BitwiseAnd: 'bitAnd',
  Equal: 'equal',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'and',
  LogicalOr: 'or',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'mod',
  Multiply: 'mul',
  NotEqual: 'notEqual',
  Pow: 'pow',
  RealDiv: 'div',
  Sub: 'sub',
};

const unary = (kind: string) => computed((c) => c.asFloat(c.ids[0], (x) => c.one(kind, [x])));

const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

export const elementwise: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(Object.entries(floats).map(([kernel, kind]) => [kernel, unary(kind)])),
  ...Object.fromEntries(
    Object.entries(numbers).map(([kernel, kind]) => [kernel, computed((c) => c.one(kind, c.ids))]),
  ),
  ...Object.fromEntries(
    Object.entries(pairs).map(([kernel, kind]) => [kernel, computed((c) => c.one(kind, c.ids))]),
  ),
  AddN: computed((c) => c.ids.reduce((sum, x) => c.one('add', [sum, x]))),
  Cast: computed((c) => c.one('cast', c.ids, { to: c.attr<DType>('dtype') })),
  ClipByValue: computed((c) =>
    c.one('clip', c.ids, { min: c.attr<number>('clipValueMin'), max: c.attr<number>('clipValueMax') }),
  ),
  Elu: computed((c) => c.one('elu', c.ids, { alpha: 1 })),
  Exp: computed((c) => c.one('exp', [c.cast(c.ids[0], 'float32')])),
  FloorDiv: computed((c) => c.cast(c.one('floorDiv', c.ids), 'int32')),
  IsFinite: computed((c) => c.one('less', [c.one('abs', c.ids), c.scalar(Infinity)])),
  IsInf: computed((c) => c.one('isInf', c.ids, { negative: true, positive: true })),
  IsNan: computed((c) => c.one('isNan', c.ids)),
  LeakyRelu: computed((c) =>
    c.one('leakyRelu', [c.cast(c.ids[0], 'float32')], { alpha: c.attr<number>('alpha') }),
  ),
  LogicalNot: computed((c) => c.one('not', c.ids)),
  Prelu: computed((c) => c.one('prelu', [c.cast(c.id('x'), 'float32'), c.cast(c.id('alpha'), 'float32')])),
  Relu6: computed((c) => c.one('clip', c.ids, { min: 0, max: 6 })),
  Select: computed(select),
  Selu: computed((c) => c.one('selu', c.ids, selu)),
  SquaredDifference: computed((c) => {
    const d = c.one('sub', c.ids);
    return c.one('mul', [d, d]);
  }),
  Step: computed((c) =>
    c.asFloat(c.ids[0], (x) => {
      const step = c.one('where', [
        c.one('greater', [x, c.scalar(0)]),
        c.scalar(1),
        c.scalar(c.attr<number>('alpha')),
      ]);
      return c.one('where', [c.one('isNan', [x]), x, step]);
    }),
  ),
};

/** A condition of rank 1 picks whole slices. */
function select(c: Context) {
  const [condition, t, e] = [c.id('condition'), c.id('t'), c.id('e')];
  const [n, ...more] = c.shape(condition);
  const rank = c.shape(t).length;
  const whole = more.length === 0 && n !== undefined && rank > 1;
  const seen = whole ? c.reshape(condition, [n, ...new Array(rank - 1).fill(1)]) : condition;
  return c.one('where', [seen, t, e]);
}
