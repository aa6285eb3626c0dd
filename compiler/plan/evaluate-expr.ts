/** The meaning of expressions, in float64; the result of every node of type i32 is an int32. */
import { erf, roundHalfEven } from '../ir/special.ts';
import type { BinaryFn, Expr, UnaryFn } from './expr.ts';

export function evaluateExpr(expr: Expr, args: readonly number[]): number {
  switch (expr.op) {
    case 'arg':
      return args[expr.index];
    case 'const':
      return expr.value;
    case 'unary': {
      const a = evaluateExpr(expr.a, args);
      return expr.type === 'i32' ? unary[expr.fn](a) | 0 : unary[expr.fn](a);
    }
    case 'binary': {
      const a = evaluateExpr(expr.a, args);
      const b = evaluateExpr(expr.b, args);
      if (expr.type !== 'i32') return binary[expr.fn](a, b);
      if (expr.fn === 'mul') return Math.imul(a, b);
      return (
        (expr.a.type === 'i32' && expr.fn === 'div' ? Math.trunc(a / b) : Number(binary[expr.fn](a, b))) | 0
      );
    }
    case 'select':
      return evaluateExpr(expr.cond, args) !== 0 ? evaluateExpr(expr.a, args) : evaluateExpr(expr.b, args);
    case 'cast': {
      const a = evaluateExpr(expr.a, args);
      return expr.type === 'i32' ? Math.min(2147483647, Math.max(-2147483648, a || 0)) | 0 : a;
    }
  }
}

const unary: Record<UnaryFn, (a: number) => number> = {
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
  erf,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundHalfEven,
  not: (a) => (a === 0 ? 1 : 0),
  isnan: (a) => (Number.isNaN(a) ? 1 : 0),
  isinf: (a) => (a === Number.POSITIVE_INFINITY || a === Number.NEGATIVE_INFINITY ? 1 : 0),
  recip: (a) => 1 / a,
};

const binary: Record<BinaryFn, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  pow: (a, b) => a ** b,
  atan2: Math.atan2,
  min: Math.min,
  max: Math.max,
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
  and: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  xor: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
  bitand: (a, b) => a & b,
  bitor: (a, b) => a | b,
  bitxor: (a, b) => a ^ b,
  shl: (a, b) => (b >>> 0 < 32 ? a << b : 0),
  shr: (a, b) => (b >>> 0 < 32 ? a >>> b : 0),
};
