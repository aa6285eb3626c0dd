/**
 * The tiny expression language of pointwise steps and epilogues. Expressions are closed, typed trees; two printers
 * (scalar and v128) and one interpreter are exhaustive over them.
 */

/** `f32` numbers; `i32` integers; booleans are i32 0 or 1. */
export type Scalar = 'f32' | 'i32';

export const unaryFns = [
  'neg',
  'abs',
  'sign',
  'sqrt',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'sigmoid',
  'softplus',
  'erf',
  'floor',
  'ceil',
  'trunc',
  'round',
  'not',
  'isnan',
  'isinf',
  'recip',
] as const;
/** `round` rounds half to even. `not` is logical, on i32. `isnan`, `isinf` give i32. `recip` is 1/x. */
export type UnaryFn = (typeof unaryFns)[number];

export const binaryFns = [
  'add',
  'sub',
  'mul',
  'div',
  'mod',
  'pow',
  'atan2',
  'min',
  'max',
  'lt',
  'le',
  'gt',
  'ge',
  'eq',
  'ne',
  'and',
  'or',
  'xor',
  'bitand',
  'bitor',
  'bitxor',
  'shl',
  'shr',
] as const;
/**
 * Operands of one type. Comparisons give i32 0 or 1. `and`, `or`, `xor` are logical, on i32. `mod` has the sign of the divisor
 * (Python); i32 `div` truncates towards zero. `min` and `max` propagate NaN.
 */
export type BinaryFn = (typeof binaryFns)[number];

export type Expr =
  /** Operand `index` of the step; in an epilogue, 0 is the accumulator. */
  | { readonly op: 'arg'; readonly index: number; readonly type: Scalar }
  | { readonly op: 'const'; readonly value: number; readonly type: Scalar }
  | { readonly op: 'unary'; readonly fn: UnaryFn; readonly a: Expr; readonly type: Scalar }
  | {
      readonly op: 'binary';
      readonly fn: BinaryFn;
      readonly a: Expr;
      readonly b: Expr;
      readonly type: Scalar;
    }
  /** `cond` is i32; non-zero takes `a`. */
  | { readonly op: 'select'; readonly cond: Expr; readonly a: Expr; readonly b: Expr; readonly type: Scalar }
  /** f32 → i32 truncates towards zero and saturates; i32 → f32 rounds to nearest. */
  | { readonly op: 'cast'; readonly a: Expr; readonly type: Scalar };

const comparisons = new Set<BinaryFn>(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);
const predicates = new Set<UnaryFn>(['isnan', 'isinf', 'not']);

/** Builders; types follow from operands. */
export const e = {
  arg: (index: number, type: Scalar = 'f32'): Expr => ({ op: 'arg', index, type }),
  f32: (value: number): Expr => ({ op: 'const', value: Math.fround(value), type: 'f32' }),
  i32: (value: number): Expr => ({ op: 'const', value: value | 0, type: 'i32' }),
  unary: (fn: UnaryFn, a: Expr): Expr => ({ op: 'unary', fn, a, type: predicates.has(fn) ? 'i32' : a.type }),
  binary: (fn: BinaryFn, a: Expr, b: Expr): Expr => ({
    op: 'binary',
    fn,
    a,
    b,
    type: comparisons.has(fn) ? 'i32' : a.type,
  }),
  select: (cond: Expr, a: Expr, b: Expr): Expr => ({ op: 'select', cond, a, b, type: a.type }),
  cast: (a: Expr, type: Scalar): Expr => (a.type === type ? a : { op: 'cast', a, type }),
  add: (a: Expr, b: Expr) => e.binary('add', a, b),
  sub: (a: Expr, b: Expr) => e.binary('sub', a, b),
  mul: (a: Expr, b: Expr) => e.binary('mul', a, b),
  div: (a: Expr, b: Expr) => e.binary('div', a, b),
  min: (a: Expr, b: Expr) => e.binary('min', a, b),
  max: (a: Expr, b: Expr) => e.binary('max', a, b),
  clamp: (a: Expr, lo: number, hi: number) => e.min(e.max(a, e.f32(lo)), e.f32(hi)),
};

/** `expr` with every `arg` replaced by `f(index, type)`. */
export function substitute(expr: Expr, f: (index: number, type: Scalar) => Expr): Expr {
  switch (expr.op) {
    case 'arg':
      return f(expr.index, expr.type);
    case 'const':
      return expr;
    case 'unary':
    case 'cast':
      return { ...expr, a: substitute(expr.a, f) };
    case 'binary':
      return { ...expr, a: substitute(expr.a, f), b: substitute(expr.b, f) };
    case 'select':
      return {
        ...expr,
        cond: substitute(expr.cond, f),
        a: substitute(expr.a, f),
        b: substitute(expr.b, f),
      };
  }
}

/** Nodes of the tree. */
export function sizeOfExpr(expr: Expr): number {
  switch (expr.op) {
    case 'arg':
    case 'const':
      return 1;
    case 'unary':
    case 'cast':
      return 1 + sizeOfExpr(expr.a);
    case 'binary':
      return 1 + sizeOfExpr(expr.a) + sizeOfExpr(expr.b);
    case 'select':
      return 1 + sizeOfExpr(expr.cond) + sizeOfExpr(expr.a) + sizeOfExpr(expr.b);
  }
}
