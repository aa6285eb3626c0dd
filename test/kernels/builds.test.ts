import { expect, test } from 'vitest';
import { linearKernels, moveKernels, windowKernels } from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';
import { sourceOf } from './harness.ts';

/** Relaxed opcodes do not validate on every host that runs the tests, so the code is looked at instead of run. */
test('the relaxed build fuses multiply and add', async () => {
  const kernels = [...linearKernels, ...windowKernels, ...moveKernels];
  const compile = (build: 'simd' | 'relaxed') =>
    assemble({
      sources: new Map([['module.ts', sourceOf(build, kernels)]]),
      entry: 'module.ts',
      build,
      text: true,
    });
  const { text: relaxed } = await compile('relaxed');
  const { text: simd } = await compile('simd');
  expect(simd).not.toContain('relaxed');
  expect(relaxed!.split('f32x4.relaxed_madd').length).toBeGreaterThan(100);
  for (const { name } of kernels) expect(relaxed, name).toContain(`(export "${name}"`);
});
