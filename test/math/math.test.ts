/** Every function of `runtime/math.ts` on 2²⁰ floats of all magnitudes, against float64. */
import { beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../compiler/ir/random.ts';
import { erf } from '../../compiler/ir/special.ts';
import { type Assembled, assemble, builds } from './assemble.ts';
import { special, stratified, ulps } from './ulp.ts';

const count = 1 << 20;

const unary: Record<string, (x: number) => number> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sign: Math.sign,
};
const floored = (a: number, b: number) => (a % b !== 0 && a % b < 0 !== b < 0 ? (a % b) + b : a % b);
const binary: Record<string, (a: number, b: number) => number> = {
  pow: Math.pow,
  atan2: Math.atan2,
  mod: floored,
};

/** Half over all magnitudes, half where functions bend. */
const xs = stratified(count, random(5));
const rng = random(6);
for (let i = count / 2; i < count; i++) xs[i] = (rng.next() - 0.5) * [220, 20, 3][i % 3];
/** Second operands: the same floats in another order, special ones against each other first. */
const ys = new Float32Array(count);
for (let i = 0; i < count; i++) ys[i] = xs[(i * 7 + Math.floor(i / special.length)) % count];
for (let i = 0; i < special.length ** 2; i++) {
  xs[i] = special[i % special.length];
  ys[i] = special[Math.floor(i / special.length)];
}

const source = (simd: boolean) => {
  const names = [...Object.keys(unary), ...Object.keys(binary)];
  const loop = (name: string) => {
    const operands = (load: string) => (name in unary ? `${load}(x)` : `${load}(x), ${load}(y)`);
    const one = `store<f32>(z, f32_${name}(${operands('load<f32>')}))`;
    const four = `v128.store(z, f32x4_${name}(${operands('v128.load')}))`;
    const step = simd ? 16 : 4;
    const body = `for (const end = z + ${4 * count}; z < end; x += ${step}, y += ${step}, z += ${step}) ${simd ? four : one}`;
    return `export function ${name}(x: usize, y: usize, z: usize): void { ${body}; }`;
  };
  const used = names.map((n) => `${simd ? 'f32x4' : 'f32'}_${n}`);
  return [`import { ${used.join(', ')} } from './math';`, ...names.map(loop)].join('\n');
};

const modules = {} as Record<(typeof builds)[number], Assembled>;
beforeAll(async () => {
  for (const build of builds) modules[build] = await assemble(source(build === 'simd'), build, 3 * 64 + 1);
});

function compute(build: (typeof builds)[number], name: string): Float32Array {
  const { memory, run } = modules[build];
  const x = 65536;
  new Float32Array(memory.buffer, x, count).set(xs);
  new Float32Array(memory.buffer, x + 4 * count, count).set(ys);
  run[name](x, x + 4 * count, x + 8 * count);
  return new Float32Array(memory.buffer, x + 8 * count, count);
}

describe.each([...Object.entries(unary), ...Object.entries(binary)])('%s', (name, reference) => {
  test('is within 2.5 ULP', () => {
    const got = compute('scalar', name);
    let worst = 0;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const d = ulps(got[i], reference(xs[i], ys[i]));
      if (d > worst) [worst, at] = [d, i];
    }
    expect(
      worst,
      `${name}(${xs[at]}, ${ys[at]}) = ${got[at]}, not ${reference(xs[at], ys[at])}`,
    ).toBeLessThanOrEqual(2.5);
  });

  test('gives the same bits in four lanes', () => {
    const one = compute('scalar', name);
    const four = compute('simd', name);
    let differ = 0;
    for (let i = 0; i < count; i++) if (!Object.is(one[i], four[i])) differ++;
    expect(differ).toBe(0);
  });
});

test.each(['expm1', 'log1p', 'tanh', 'erf', 'sin', 'tan', 'asin', 'atan', 'sinh', 'asinh', 'atanh', 'sign'])(
  '%s keeps the sign of zero',
  (name) => {
    const got = compute('scalar', name);
    for (const zero of [0, -0]) expect(got[special.findIndex((x) => Object.is(x, zero))]).toBe(zero);
  },
);
