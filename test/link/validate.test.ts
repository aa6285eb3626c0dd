import { expect, test } from 'vitest';
import { InternalError } from '../../compiler/errors.ts';
import type { Build } from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';
import { validate } from '../../compiler/link/validate.ts';

const adds =
  'export function f(p: usize): void { v128.store(p, f32x4.add(v128.load(p), v128.load(p, 16))); }';
const madd =
  'export function f(p: usize): void { const v = v128.load(p); v128.store(p, f32x4.relaxed_madd(v, v, v)); }';

async function made(source: string, build: Build) {
  return (await assemble({ sources: new Map([['m.ts', source]]), entry: 'm.ts', build, pages: 1 })).wasm;
}

test('a module has the features of its build and no others', async () => {
  const simd = await made(adds, 'simd');
  await validate(simd, 'simd');
  await expect(validate(simd, 'scalar')).rejects.toThrow(InternalError);
  const relaxed = await made(madd, 'relaxed');
  await validate(relaxed, 'relaxed');
  await expect(validate(relaxed, 'simd')).rejects.toThrow(InternalError);
});

test('broken bytes are refused, with what is wrong', async () => {
  const wasm = await made(adds, 'simd');
  await expect(validate(wasm.slice(0, wasm.length - 3), 'simd')).rejects.toThrow(/not valid: .*past end/s);
});
