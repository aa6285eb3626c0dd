/** The activations of recurrent cells: in the reference, as an expression, and for training. */
import { badShape, type Place } from '../errors.ts';
import { type Expr, e } from '../plan/expr.ts';
import type { Tf, TfTensor } from './define.ts';

/** `alpha` and `beta` as in ONNX; absent: its defaults. */
export interface CellActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

interface Kind {
  readonly alpha?: number;
  readonly beta?: number;
  value(x: number, alpha: number, beta: number): number;
  expr(x: Expr, alpha: number, beta: number): Expr;
  tf(tf: Tf, x: TfTensor, alpha: number, beta: number): TfTensor;
}

const { f32 } = e;
const positive = (x: Expr) => e.binary('gt', x, f32(0));

const kinds: Readonly<Record<string, Kind>> = {
  linear: { value: (x) => x, expr: (x) => x, tf: (_tf, x) => x },
  sigmoid: {
    value: (x) => 1 / (1 + Math.exp(-x)),
    expr: (x) => e.unary('sigmoid', x),
    tf: (tf, x) => tf.sigmoid(x),
  },
  tanh: { value: Math.tanh, expr: (x) => e.unary('tanh', x), tf: (tf, x) => tf.tanh(x) },
  relu: { value: (x) => Math.max(0, x), expr: (x) => e.max(x, f32(0)), tf: (tf, x) => tf.relu(x) },
  hardSigmoid: {
    alpha: 0.2,
    beta: 0.5,
    value: (x, a, b) => Math.min(1, Math.max(0, a * x + b)),
    expr: (x, a, b) => e.clamp(e.add(e.mul(x, f32(a)), f32(b)), 0, 1),
    tf: (tf, x, a, b) => tf.clipByValue(tf.add(tf.mul(x, a), b), 0, 1),
  },
  affine: {
    alpha: 1,
    beta: 0,
    value: (x, a, b) => a * x + b,
    expr: (x, a, b) => e.add(e.mul(x, f32(a)), f32(b)),
    tf: (tf, x, a, b) => tf.add(tf.mul(x, a), b),
  },
  scaledTanh: {
    alpha: 1,
    beta: 1,
    value: (x, a, b) => a * Math.tanh(b * x),
    expr: (x, a, b) => e.mul(f32(a), e.unary('tanh', e.mul(x, f32(b)))),
    tf: (tf, x, a, b) => tf.mul(tf.tanh(tf.mul(x, b)), a),
  },
  leakyRelu: {
    alpha: 0.01,
    value: (x, a) => (x > 0 ? x : a * x),
    expr: (x, a) => e.select(positive(x), x, e.mul(x, f32(a))),
    tf: (tf, x, a) => tf.leakyRelu(x, a),
  },
  thresholdedRelu: {
    alpha: 1,
    value: (x, a) => (x > a ? x : 0),
    expr: (x, a) => e.select(e.binary('gt', x, f32(a)), x, f32(0)),
    tf: (tf, x, a) => tf.mul(x, tf.cast(tf.greater(x, a), 'float32')),
  },
  elu: {
    alpha: 1,
    value: (x, a) => (x > 0 ? x : a * Math.expm1(x)),
    expr: (x, a) => e.select(positive(x), x, e.mul(e.unary('expm1', x), f32(a))),
    tf: (tf, x, a) => tf.where(tf.greater(x, 0), x, tf.mul(tf.expm1(tf.minimum(x, 0)), a)),
  },
  selu: {
    alpha: 1.6732632423543772,
    beta: 1.0507009873554805,
    value: (x, a, b) => b * (x > 0 ? x : a * Math.expm1(x)),
    expr: (x, a, b) => e.mul(f32(b), e.select(positive(x), x, e.mul(e.unary('expm1', x), f32(a)))),
    tf: (tf, x) => tf.selu(x),
  },
  softsign: {
    value: (x) => x / (1 + Math.abs(x)),
    expr: (x) => e.div(x, e.add(e.unary('abs', x), f32(1))),
    tf: (tf, x) => tf.div(x, tf.add(tf.abs(x), 1)),
  },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    expr: (x) => e.unary('softplus', x),
    tf: (tf, x) => tf.softplus(x),
  },
};

export function checkActivations(list: readonly CellActivation[], count: number, place: Place): void {
  const known = list.every((a) => Object.hasOwn(kinds, a.name));
  if (list.length !== count || !known) {
    throw badShape(`activations must be ${count} of ${Object.keys(kinds).join(', ')}`, place);
  }
}

const numbers = (a: CellActivation) =>
  [a.alpha ?? kinds[a.name].alpha ?? 0, a.beta ?? kinds[a.name].beta ?? 0] as const;

export const activate = (a: CellActivation, x: number) => kinds[a.name].value(x, ...numbers(a));
export const activateExpr = (a: CellActivation, x: Expr) => kinds[a.name].expr(x, ...numbers(a));
export const activateTf = (tf: Tf, a: CellActivation, x: TfTensor) => kinds[a.name].tf(tf, x, ...numbers(a));

/** The cell's name of a Keras or ONNX activation (`hard_sigmoid`, `HardSigmoid`, …); `undefined`: there is none. */
export function cellActivation(name: string): CellActivation | undefined {
  const plain = name.toLowerCase().replaceAll('_', '');
  const found = Object.keys(kinds).find((k) => k.toLowerCase() === plain);
  return found === undefined ? undefined : { name: found };
}
