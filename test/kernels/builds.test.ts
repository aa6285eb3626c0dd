import { expect, test } from 'vitest';
import { linearKernels, moveKernels, windowKernels } from '../../compiler/kernels.ts';
import { assemble } from '../../compiler/link/asc.ts';
import { sourceOf } from './harness.ts';

/** Relaxed opcodes do not validate on every host that runs the tests, so the code is looked at instead of run. */
test('every kernel compiles with relaxed SIMD, where multiply and add are fused', {
  timeout: 180_000,
}, async () => {
  const kernels = [...linearKernels, ...windowKernels, ...moveKernels];
  const sources = new Map([['module.ts', sourceOf('relaxed', kernels)]]);
  const { text } = await assemble({ sources, entry: 'module.ts', build: 'relaxed', text: true });
  expect(text!.split('f32x4.relaxed_madd').length).toBeGreaterThan(100);
  for (const { name } of kernels) expect(text, name).toContain(`(export "${name}"`);
});
