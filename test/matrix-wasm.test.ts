/** Every sample of every operator, compiled: wasm = eval, in the scalar and the SIMD build. */
import { describe, expect, test } from 'vitest';
import { emit } from '../compiler/pipeline.ts';
import { ops } from '../compiler/ops/index.ts';
import { evaluateGraph } from '../compiler/semantics/evaluate.ts';
import { execute } from './execute.ts';
import { caseOf, difference } from './samples.ts';

for (const op of ops.values()) {
  describe(op.kind, () => {
    for (const sample of op.samples) {
      test.each(['scalar', 'simd'] as const)(`${sample.name} %s`, async (build) => {
        const { graph, inputs } = caseOf(op, sample as never);
        const want = evaluateGraph(graph, inputs);
        const { wasm, metadata } = await emit(graph, { build });
        const got = execute(wasm, metadata, inputs);
        for (const name of Object.keys(want)) {
          expect(difference(got[name], want[name]), name).toBeLessThanOrEqual(sample.tolerance ?? 1e-5);
        }
      });
    }
  });
}
