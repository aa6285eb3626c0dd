import { expect, test } from 'vitest';
import type { Build } from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';

const source = 'export function twice(x: f32): f32 { return x + x; }';

test.each<Build>(['scalar', 'simd', 'relaxed'])('%s: a module without imports', async (build) => {
  const { wasm } = await assemble({ sources: new Map([['m.ts', source]]), entry: 'm.ts', build, pages: 2 });
  const module = new WebAssembly.Module(wasm);
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  const { twice, memory } = new WebAssembly.Instance(module).exports as {
    twice(x: number): number;
    memory: WebAssembly.Memory;
  };
  expect(twice(21)).toBe(42);
  expect(memory.buffer.byteLength).toBe(2 * 65536);
  expect(memory.grow.bind(memory, 1)).toThrow();
});

test('diagnostics become a toolchain error', async () => {
  const sources = new Map([['m.ts', 'export function f(): i32 { return nothing; }']]);
  await expect(assemble({ sources, entry: 'm.ts', build: 'simd' })).rejects.toMatchObject({
    code: 'E_TOOLCHAIN',
    reason: expect.stringContaining("Cannot find name 'nothing'"),
  });
});
