/**
 * Expressions as AssemblyScript, for one lane and for four. Both give the same bits. Operators are printed with all their
 * parentheses; functions come from `runtime/math.ts`.
 */
import { assert } from '../errors.ts';
import type { BinaryFn, Expr, Scalar, UnaryFn } from '../plan/expr.ts';

/** `args` are texts of type f32 or i32; so is the result. Booleans are 0 or 1. */
export function printScalar(expr: Expr, args: readonly string[]): string {
  const print = (x: Expr) => printScalar(x, args);
  const condition = (x: Expr) => (isBoolean(x) ? print(x) : `<i32>(${print(x)} != 0)`);
  switch (expr.op) {
    case 'arg':
      return args[expr.index];
    case 'const':
      return literal(expr.value, expr.type);
    case 'cast':
      return `<${expr.type}>${print(expr.a)}`;
    case 'select':
      return `(${condition(expr.cond)} ? ${print(expr.a)} : ${print(expr.b)})`;
    case 'unary':
      if (expr.fn === 'not') return `<i32>(${print(expr.a)} == 0)`;
      return scalarUnary[expr.fn](print(expr.a), expr.a.type);
    case 'binary': {
      const logical = logic[expr.fn];
      if (logical) return `(${condition(expr.a)} ${logical} ${condition(expr.b)})`;
      const guarded = `i32_${expr.fn}(${print(expr.a)}, ${print(expr.b)})`;
      if (expr.a.type === 'i32' && isGuarded(expr.fn, expr.b)) return guarded;
      return scalarBinary[expr.fn](print(expr.a), print(expr.b), expr.a.type);
    }
  }
}

/** `args` are texts of type v128, as f32x4 or i32x4; so is the result. Booleans are lanes of 0 or 1. */
export function printVector(expr: Expr, args: readonly string[]): string {
  const print = (x: Expr): string => {
    switch (x.op) {
      case 'arg':
        return args[x.index];
      case 'const':
        return `${x.type}x4.splat(${literal(x.value, x.type)})`;
      case 'cast':
        return `${x.type === 'i32' ? 'i32x4.trunc_sat_f32x4_s' : 'f32x4.convert_i32x4_s'}(${print(x.a)})`;
      case 'select':
        return `v128.bitselect(${print(x.a)}, ${print(x.b)}, ${mask(x.cond)})`;
      case 'unary':
      case 'binary':
        if (isBoolean(x)) return `v128.and(${mask(x)}, i32x4.splat(1))`;
        return x.op === 'unary' ? vectorUnary[x.fn](print(x.a), x.type) : binary(x.fn, x.a, x.b);
    }
  };
  const binary = (fn: BinaryFn, a: Expr, b: Expr): string => {
    if (fn === 'max' || fn === 'min') {
      const [x, c] = a.op === 'const' ? [b, a] : [a, b];
      const cheap = c.op === 'const' && c.type === 'f32' && clampBy(fn, print(x), c.value, print(c));
      if (cheap) return cheap;
    }
    if (a.type === 'i32' && isGuarded(fn, b)) return `i32x4_${fn}(${print(a)}, ${print(b)})`;
    if (fn === 'shl' || fn === 'shr') {
      assert(b.op === 'const', 'a shift by a variable is guarded');
      return `i32x4.${fn === 'shl' ? 'shl' : 'shr_u'}(${print(a)}, ${b.value})`;
    }
    return vectorBinary[fn](print(a), print(b), a.type);
  };
  /** All bits of a lane set where `x` is not 0. */
  const mask = (x: Expr): string => {
    if (x.op === 'unary' && x.fn === 'not') return `v128.not(${mask(x.a)})`;
    if (x.op === 'unary' && isBoolean(x)) return vectorUnary[x.fn](print(x.a), x.a.type);
    if (x.op === 'binary' && logic[x.fn]) return `v128.${x.fn}(${mask(x.a)}, ${mask(x.b)})`;
    if (x.op === 'binary' && isBoolean(x)) return vectorBinary[x.fn](print(x.a), print(x.b), x.a.type);
    return `i32x4.ne(${print(x)}, i32x4.splat(0))`;
  };
  return print(expr);
}

/** The names from `runtime/math.ts` that both printings of `expr` use. */
export function mathImports(expr: Expr): string[] {
  const args = Array.from({ length: argCount(expr) }, () => 'x');
  const text = printScalar(expr, args) + printVector(expr, args);
  return [...new Set(text.match(/\b[fi]32(x4)?_\w+/g))].sort();
}

function argCount(expr: Expr): number {
  switch (expr.op) {
    case 'arg':
      return expr.index + 1;
    case 'const':
      return 0;
    case 'unary':
    case 'cast':
      return argCount(expr.a);
    case 'binary':
      return Math.max(argCount(expr.a), argCount(expr.b));
    case 'select':
      return Math.max(argCount(expr.cond), argCount(expr.a), argCount(expr.b));
  }
}

/** A literal that keeps every bit of the value, but for the payload of NaN. */
function literal(value: number, type: Scalar): string {
  if (type === 'i32') return value === -2147483648 ? '<i32>0x80000000' : `<i32>${value}`;
  if (Object.is(value, -0)) return 'reinterpret<f32>(0x80000000)';
  return `<f32>${value}`;
}

const logic: Partial<Record<BinaryFn, string>> = { and: '&', or: '|', xor: '^' };
const compare: Partial<Record<BinaryFn, string>> = {
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eq: '==',
  ne: '!=',
};

/** True where the value is 0 or 1. */
const isBoolean = (x: Expr): boolean =>
  x.op === 'unary'
    ? x.fn === 'not' || x.fn === 'isnan' || x.fn === 'isinf'
    : x.op === 'binary' && (logic[x.fn] !== undefined || compare[x.fn] !== undefined);

/** i32 operations that wasm traps on or wraps, for operands that `b` doesn't rule out. */
function isGuarded(fn: BinaryFn, b: Expr): boolean {
  if (fn === 'div' || fn === 'mod' || fn === 'pow') return true;
  return (fn === 'shl' || fn === 'shr') && !(b.op === 'const' && b.value >= 0 && b.value < 32);
}

/**
 * pmin and pmax are one machine instruction where min and max are six. They keep NaN in their first operand, and either zero
 * where the bound is 0.
 */
function clampBy(fn: 'min' | 'max', x: string, bound: number, text: string): string | undefined {
  return Number.isNaN(bound) || Object.is(bound, -0) ? undefined : `f32x4.p${fn}(${x}, ${text})`;
}

type Unary = (a: string, type: Scalar) => string;
type Binary = (a: string, b: string, type: Scalar) => string;

const f32 =
  (name: string): Unary =>
  (a) =>
    `f32.${name}(${a})`;
const f32x4 =
  (name: string): Unary =>
  (a) =>
    `f32x4.${name}(${a})`;
const math =
  (name: string, suffix = ''): Unary =>
  (a, type) =>
    `${type}${suffix}_${name}(${a})`;
const infix =
  (sign: string): Binary =>
  (a, b) =>
    `(${a} ${sign} ${b})`;
const ordered =
  (sign: string): Binary =>
  (a, b) =>
    `<i32>(${a} ${sign} ${b})`;
const math2 =
  (name: string, suffix = ''): Binary =>
  (a, b, type) =>
    `${type}${suffix}_${name}(${a}, ${b})`;
/** The same name in both types, signed in i32x4 where `signed`. */
const typed =
  (name: string, signed = ''): Binary =>
  (a, b, type) =>
    `${type}x4.${name}${type === 'i32' ? signed : ''}(${a}, ${b})`;
const bits =
  (name: string): Binary =>
  (a, b) =>
    `v128.${name}(${a}, ${b})`;
const never = () => assert(false, 'printed elsewhere') as never;

const scalarUnary: Record<UnaryFn, Unary> = {
  neg: (a) => `(-${a})`,
  abs: (a, type) => (type === 'f32' ? `f32.abs(${a})` : `abs<i32>(${a})`),
  sign: math('sign'),
  sqrt: f32('sqrt'),
  exp: math('exp'),
  expm1: math('expm1'),
  log: math('log'),
  log1p: math('log1p'),
  sin: math('sin'),
  cos: math('cos'),
  tan: math('tan'),
  asin: math('asin'),
  acos: math('acos'),
  atan: math('atan'),
  sinh: math('sinh'),
  cosh: math('cosh'),
  tanh: math('tanh'),
  asinh: math('asinh'),
  acosh: math('acosh'),
  atanh: math('atanh'),
  sigmoid: math('sigmoid'),
  softplus: math('softplus'),
  erf: math('erf'),
  floor: f32('floor'),
  ceil: f32('ceil'),
  trunc: f32('trunc'),
  round: f32('nearest'),
  not: never,
  isnan: (a) => `<i32>isNaN<f32>(${a})`,
  isinf: (a) => `<i32>(f32.abs(${a}) == <f32>Infinity)`,
  recip: (a) => `(<f32>1 / ${a})`,
};

/** Predicates give masks. */
const vectorUnary: Record<UnaryFn, Unary> = {
  neg: (a, type) => `${type}x4.neg(${a})`,
  abs: (a, type) => `${type}x4.abs(${a})`,
  sign: math('sign', 'x4'),
  sqrt: f32x4('sqrt'),
  exp: math('exp', 'x4'),
  expm1: math('expm1', 'x4'),
  log: math('log', 'x4'),
  log1p: math('log1p', 'x4'),
  sin: math('sin', 'x4'),
  cos: math('cos', 'x4'),
  tan: math('tan', 'x4'),
  asin: math('asin', 'x4'),
  acos: math('acos', 'x4'),
  atan: math('atan', 'x4'),
  sinh: math('sinh', 'x4'),
  cosh: math('cosh', 'x4'),
  tanh: math('tanh', 'x4'),
  asinh: math('asinh', 'x4'),
  acosh: math('acosh', 'x4'),
  atanh: math('atanh', 'x4'),
  sigmoid: math('sigmoid', 'x4'),
  softplus: math('softplus', 'x4'),
  erf: math('erf', 'x4'),
  floor: f32x4('floor'),
  ceil: f32x4('ceil'),
  trunc: f32x4('trunc'),
  round: f32x4('nearest'),
  not: never,
  isnan: (a) => `i32x4.gt_s(f32x4.abs(${a}), i32x4.splat(0x7f800000))`,
  isinf: (a) => `f32x4.eq(f32x4.abs(${a}), f32x4.splat(<f32>Infinity))`,
  recip: (a) => `f32x4.div(f32x4.splat(1), ${a})`,
};

const scalarBinary: Record<BinaryFn, Binary> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  mod: math2('mod'),
  pow: math2('pow'),
  atan2: math2('atan2'),
  min: (a, b, type) => (type === 'f32' ? `f32.min(${a}, ${b})` : `min<i32>(${a}, ${b})`),
  max: (a, b, type) => (type === 'f32' ? `f32.max(${a}, ${b})` : `max<i32>(${a}, ${b})`),
  lt: ordered('<'),
  le: ordered('<='),
  gt: ordered('>'),
  ge: ordered('>='),
  eq: ordered('=='),
  ne: ordered('!='),
  and: never,
  or: never,
  xor: never,
  bitand: infix('&'),
  bitor: infix('|'),
  bitxor: infix('^'),
  shl: infix('<<'),
  shr: infix('>>>'),
};

/** Comparisons give masks. */
const vectorBinary: Record<BinaryFn, Binary> = {
  add: typed('add'),
  sub: typed('sub'),
  mul: typed('mul'),
  div: typed('div'),
  mod: math2('mod', 'x4'),
  pow: math2('pow', 'x4'),
  atan2: math2('atan2', 'x4'),
  min: typed('min', '_s'),
  max: typed('max', '_s'),
  lt: typed('lt', '_s'),
  le: typed('le', '_s'),
  gt: typed('gt', '_s'),
  ge: typed('ge', '_s'),
  eq: typed('eq'),
  ne: typed('ne'),
  and: never,
  or: never,
  xor: never,
  bitand: bits('and'),
  bitor: bits('or'),
  bitxor: bits('xor'),
  shl: never,
  shr: never,
};
