/** Random expressions, printed for one lane and for four, against their meaning. */
import { beforeAll, describe, expect, test } from 'vitest';
import { mathImports, printScalar, printVector } from '../../compiler/codegen/expr.ts';
import { type Random, random } from '../../compiler/ir/random.ts';
import { evaluateExpr } from '../../compiler/plan/evaluate-expr.ts';
import { binaryFns, type Expr, e, type Scalar, unaryFns } from '../../compiler/plan/expr.ts';
import { type Assembled, assemble, builds } from '../math/assemble.ts';
import { special, ulps } from '../math/ulp.ts';

/** Arguments 0 … 2 are f32, 3 … 4 are i32. */
const types: readonly Scalar[] = ['f32', 'f32', 'f32', 'i32', 'i32'];
const args = types.map((type, i) => e.arg(i, type));
const rows = 64;

const onlyF32 = new Set<string>([
  'atan2',
  ...unaryFns.filter((f) => !['neg', 'abs', 'sign', 'not'].includes(f)),
]);
const onlyI32 = new Set<string>(['not', 'and', 'or', 'xor', 'bitand', 'bitor', 'bitxor', 'shl', 'shr']);
/** Rounded once from an exact result: no allowance is needed. */
const exact = new Set<string>([
  ...[
    'neg',
    'abs',
    'sign',
    'sqrt',
    'floor',
    'ceil',
    'trunc',
    'round',
    'not',
    'isnan',
    'isinf',
    'recip',
    'add',
    'sub',
  ],
  ...['mul', 'div', 'min', 'max', 'lt', 'le', 'gt', 'ge', 'eq', 'ne', ...onlyI32],
]);
const takes = (fn: string, type: Scalar) => (type === 'i32' ? !onlyF32.has(fn) : !onlyI32.has(fn));

/** Every function on every type it takes, and every pattern that is printed in a way of its own. */
const single: Expr[] = [
  ...(['f32', 'i32'] as const).flatMap((type) => {
    const [a, b] = type === 'f32' ? args : args.slice(3);
    return [
      ...unaryFns.filter((fn) => takes(fn, type)).map((fn) => e.unary(fn, a)),
      ...binaryFns
        .filter((fn) => takes(fn, type) && !(fn === 'pow' && type === 'i32'))
        .map((fn) => e.binary(fn, a, b)),
    ];
  }),
  ...[0, -0, 6, -1, Infinity, NaN].flatMap((c) => [
    e.max(args[0], e.f32(c)),
    e.min(args[0], e.f32(c)),
    e.min(e.f32(c), args[0]),
    e.max(e.f32(c), args[0]),
  ]),
  ...[0, 1, 31, 32, -1].flatMap((c) => [
    e.binary('shl', args[3], e.i32(c)),
    e.binary('shr', args[3], e.i32(c)),
  ]),
  ...[0, -1, 7].flatMap((c) => [e.binary('div', args[3], e.i32(c)), e.binary('mod', args[3], e.i32(c))]),
  e.add(args[3], e.i32(-2147483648)),
  e.cast(args[0], 'i32'),
  e.cast(args[3], 'f32'),
  e.select(args[3], args[0], args[1]),
  e.select(e.binary('lt', args[0], args[1]), args[3], args[4]),
];

function grow(rng: Random, type: Scalar, depth: number, allowed: (fn: string) => boolean): Expr {
  const pick = <T>(list: readonly T[]) => list[rng.int(list.length)];
  const sub = (t: Scalar) => grow(rng, t, depth - 1, allowed);
  if (depth === 0) {
    if (rng.int(4) > 0) return pick(args.filter((a) => a.type === type));
    return type === 'f32' ? e.f32(pick([0, 1, -2.5, 0.1, 3])) : e.i32(pick([0, 1, -3, 40]));
  }
  switch (rng.int(6)) {
    case 0:
      return e.select(sub('i32'), sub(type), sub(type));
    case 1:
      return e.cast(sub(type === 'i32' ? 'f32' : 'i32'), type);
    case 2:
    case 3: {
      const of: Scalar = type === 'i32' && rng.int(2) === 0 ? 'f32' : type;
      const fns = unaryFns.filter(
        (fn) => allowed(fn) && takes(fn, of) && e.unary(fn, e.arg(0, of)).type === type,
      );
      if (fns.length > 0) return e.unary(pick(fns), sub(of));
      return e.cast(sub(of), type);
    }
    default: {
      const of: Scalar = type === 'i32' && rng.int(2) === 0 ? 'f32' : type;
      const fns = binaryFns.filter(
        (fn) => allowed(fn) && takes(fn, of) && e.binary(fn, e.arg(0, of), e.arg(1, of)).type === type,
      );
      return e.binary(pick(fns), sub(of), sub(of));
    }
  }
}

/** The meaning, with every result rounded to float32. */
function rounded(x: Expr, values: readonly number[]): number {
  const leaf = (a: Expr, i: number) => e.arg(i, a.type);
  const of = (y: Expr, parts: readonly Expr[]) =>
    evaluateExpr(
      y,
      parts.map((p) => rounded(p, values)),
    );
  const round = (v: number) => (x.type === 'f32' ? Math.fround(v) : v);
  switch (x.op) {
    case 'arg':
    case 'const':
      return evaluateExpr(x, values);
    case 'unary':
    case 'cast':
      return round(of({ ...x, a: leaf(x.a, 0) }, [x.a]));
    case 'binary':
      return round(of({ ...x, a: leaf(x.a, 0), b: leaf(x.b, 1) }, [x.a, x.b]));
    case 'select':
      return rounded(rounded(x.cond, values) !== 0 ? x.a : x.b, values);
  }
}

const rng = random(11);
const exactTrees = Array.from({ length: 60 }, (_, i) =>
  grow(rng, i % 3 ? 'f32' : 'i32', 1 + (i % 4), (f) => exact.has(f)),
);
const anyTrees = Array.from({ length: 20 }, (_, i) => grow(rng, 'f32', 1 + (i % 3), (f) => f !== 'pow'));
const all = [...single, ...exactTrees, ...anyTrees];

function inputs(): { f32: Float32Array; i32: Int32Array; row(i: number): number[] } {
  const bytes = new ArrayBuffer(types.length * rows * 4);
  const f32 = new Float32Array(bytes);
  const i32 = new Int32Array(bytes);
  const whole = [0, 1, -1, 2, -2, 7, -7, 31, 32, 2147483647, -2147483648];
  const pick = <T>(list: readonly T[]) => list[rng.int(list.length)];
  types.forEach((type, a) => {
    for (let r = 0; r < rows; r++) {
      if (type === 'f32') f32[a * rows + r] = rng.int(2) ? pick(special) : 4 * rng.normal();
      else i32[a * rows + r] = rng.int(2) ? pick(whole) : rng.int(200) - 100;
    }
  });
  return { f32, i32, row: (r) => types.map((type, a) => (type === 'f32' ? f32 : i32)[a * rows + r]) };
}

function source(simd: boolean): string {
  const names = [...new Set(all.flatMap(mathImports))];
  const load = (i: number) => (type: Scalar, a: number) =>
    `load<${type}>(p + ${a * rows * 4}${i < 0 ? '' : ` + ${i}`})`;
  const scalar = all.map(
    (x, i) =>
      `export function one${i}(p: usize, y: usize): void { ${types.map((t, a) => `const a${a} = ${load(-1)(t, a)};`).join(' ')} store<${x.type}>(y, ${printScalar(x, ['a0', 'a1', 'a2', 'a3', 'a4'])}); }`,
  );
  const vector = all.map(
    (x, i) =>
      `export function four${i}(p: usize, y: usize): void { ${types.map((_, a) => `const a${a} = v128.load(p + ${a * rows * 4});`).join(' ')} v128.store(y, ${printVector(x, ['a0', 'a1', 'a2', 'a3', 'a4'])}); }`,
  );
  return [`import { ${names.join(', ')} } from './math';`, ...scalar, ...(simd ? vector : [])].join('\n');
}

/** Results of expression `i` on every row. */
function results(m: Assembled, i: number, data: Float32Array, vector: boolean): Float32Array {
  const p = 65536;
  const y = p + data.byteLength;
  new Float32Array(m.memory.buffer, p, data.length).set(data);
  const step = vector ? 4 : 1;
  for (let r = 0; r < rows; r += step) m.run[`${vector ? 'four' : 'one'}${i}`](p + 4 * r, y + 4 * r);
  return new Float32Array(m.memory.buffer, y, rows).slice();
}

/** Of −0, vectors may give either zero there. */
function clampsAtZero(x: Expr): boolean {
  const parts =
    x.op === 'binary' ? [x.a, x.b] : x.op === 'select' ? [x.cond, x.a, x.b] : 'a' in x ? [x.a] : [];
  const clamps = x.op === 'binary' && (x.fn === 'max' || x.fn === 'min');
  return (clamps && parts.some((p) => p.op === 'const' && p.value === 0)) || parts.some(clampsAtZero);
}

const asNumbers = (x: Expr, bits: Float32Array): number[] => [
  ...(x.type === 'f32' ? bits : new Int32Array(bits.buffer)),
];

const modules = {} as Record<(typeof builds)[number], Assembled>;
const data = inputs();
beforeAll(async () => {
  for (const build of builds) modules[build] = await assemble(source(build === 'simd'), build, 4);
});

describe('printed expressions', () => {
  test.each(builds)('are what they mean, function by function (%s)', (build) => {
    single.forEach((x, i) => {
      const got = asNumbers(x, results(modules[build], i, data.f32, false));
      const allowance = (x.op !== 'unary' && x.op !== 'binary') || exact.has(x.fn) ? 0 : 4;
      got.forEach((v, r) => {
        const want = evaluateExpr(x, data.row(r));
        const wrong = x.type === 'i32' ? Math.abs(v - want) : ulps(v, allowance ? want : Math.fround(want));
        expect(
          wrong,
          `${printScalar(x, [...'abcde'])} of ${data.row(r)}: ${v}, not ${want}`,
        ).toBeLessThanOrEqual(allowance);
      });
    });
  });

  test.each(builds)('are what they mean, tree by tree (%s)', (build) => {
    exactTrees.forEach((x, k) => {
      const got = asNumbers(x, results(modules[build], single.length + k, data.f32, false));
      got.forEach((v, r) => {
        expect(v, `${printScalar(x, [...'abcde'])} of ${data.row(r)}`).toBe(rounded(x, data.row(r)));
      });
    });
  });

  test('give the same bits in both builds and for one lane and four', () => {
    all.forEach((x, i) => {
      const one = asNumbers(x, results(modules.scalar, i, data.f32, false));
      expect(asNumbers(x, results(modules.simd, i, data.f32, false)), printScalar(x, [...'abcde'])).toEqual(
        one,
      );
      if (clampsAtZero(x)) return;
      expect(asNumbers(x, results(modules.simd, i, data.f32, true)), printVector(x, [...'abcde'])).toEqual(
        one,
      );
    });
  });

  test('of one lane and four clamped at zero differ in the sign of zero alone', () => {
    const clamped = [...all.entries()].filter(
      ([, x]) => x.op === 'binary' && clampsAtZero(x) && single.includes(x),
    );
    expect(clamped.length).toBeGreaterThan(3);
    for (const [i, x] of clamped) {
      const of = (vector: boolean) =>
        asNumbers(x, results(modules.simd, i, data.f32, vector)).map((v) => v + 0);
      expect(of(true), printVector(x, [...'abcde'])).toEqual(of(false));
    }
  });
});

test('mathImports names what is printed, not what the operands are called', () => {
  const gelu = e.mul(args[0], e.add(e.unary('erf', args[0]), e.binary('pow', args[1], args[2])));
  expect(mathImports(gelu)).toEqual(['f32_erf', 'f32_pow', 'f32x4_erf', 'f32x4_pow']);
  expect(mathImports(e.clamp(args[0], 0, 6))).toEqual([]);
});

test('clamping between constants takes no NaN-propagating min or max', () => {
  expect(printVector(e.clamp(args[0], 0, 6), ['x'])).toBe(
    'f32x4.pmin(f32x4.pmax(x, f32x4.splat(<f32>0)), f32x4.splat(<f32>6))',
  );
});
